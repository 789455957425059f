//! Tables of settings, out of what the programs themselves say of them: nothing is built into them for it.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::tools;

/// What a program says of one of its settings.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    flag: String,
    environment: String,
    default: String,
    meaning: String,
}

/// The settings of `program`, or of a command of it.
pub(super) fn of(program: &str, command: &[&str]) -> Result<Vec<Setting>> {
    let help = tools::succeed(Command::new(tools::program(program)?).args(command).arg("-h"))?;
    parse(&help).with_context(|| format!("{program} says nothing of its settings"))
}

/// Those of `all` that are not among `shared`.
pub(super) fn own(all: Vec<Setting>, shared: &[Setting]) -> Vec<Setting> {
    all.into_iter().filter(|setting| !shared.contains(setting)).collect()
}

/// As a table.
pub(super) fn table(settings: &[Setting]) -> String {
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    let rows = settings.iter().map(|Setting { flag, environment, default, meaning }| {
        format!("| `{flag}` | {} | {} | {} |\n", code(environment), code(default), meaning.replace('|', "\\|"))
    });
    let head = "| flag | environment | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    head + &rows.collect::<String>()
}

/// Lines such as `  --listen <ADDR>  Address for callers [env: OUTRIGGER_LISTEN=] [default: 127.0.0.1:4117]`.
fn parse(help: &str) -> Option<Vec<Setting>> {
    let (_, options) = help.split_once("\nOptions:\n")?;
    let lines = options.lines().take_while(|line| line.starts_with(' ')).map(str::trim_start);
    let settings: Vec<Setting> = lines.filter(|line| line.starts_with("--")).filter_map(setting).collect();
    (!settings.is_empty()).then_some(settings)
}

fn setting(line: &str) -> Option<Setting> {
    let (flag, rest) = line.split_once(' ')?;
    let (_value, mut meaning) = rest.split_once("  ")?;
    let (mut environment, mut default) = (String::new(), String::new());
    while let Some((before, note)) = meaning.trim_end().strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        match note.split_once(": ") {
            // Behind it is what the variable holds where this runs.
            Some(("env", variable)) => environment = variable.split('=').next()?.to_owned(),
            Some(("default", value)) => value.clone_into(&mut default),
            Some(("possible values", _)) => {}
            _ => break,
        }
        meaning = before;
    }
    Some(Setting { flag: flag.to_owned(), environment, default, meaning: meaning.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "What it is\n\nUsage: it [OPTIONS]\n\nOptions:\n      \
        --listen <ADDR>    Address for callers [env: OUTRIGGER_LISTEN=x] [default: 127.0.0.1:4117]\n      \
        --log-format <F>   How lines look, [not] a note [default: text] [possible values: text, json]\n      \
        --insecure         Plain\n  -h, --help             Print help\n";

    #[test]
    fn help_becomes_a_table() {
        let settings = parse(HELP).unwrap();
        assert_eq!(
            table(&settings).lines().skip(2).collect::<Vec<_>>(),
            [
                "| `--listen` | `OUTRIGGER_LISTEN` | `127.0.0.1:4117` | Address for callers |",
                "| `--log-format` |  | `text` | How lines look, [not] a note |",
                "| `--insecure` |  |  | Plain |",
            ]
        );
        assert_eq!(parse("it failed"), None);
    }

    #[test]
    fn what_is_shared_is_told_once() {
        let shared = parse(HELP).unwrap().into_iter().take(2).collect::<Vec<_>>();
        let own = own(parse(HELP).unwrap(), &shared);
        assert_eq!(own.iter().map(|setting| setting.flag.as_str()).collect::<Vec<_>>(), ["--insecure"]);
    }
}
