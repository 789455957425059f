//! Called as `kubectl-outrigger` it is a plugin of kubectl, called as `kubectl_complete-outrigger` what completes that.

use std::{env, ffi::OsString, path::Path};

use clap::{Command, CommandFactory as _, FromArgMatches as _};

use crate::config::Cli;

const PLUGIN: &str = "kubectl-outrigger";
const COMPLETES: &str = "kubectl_complete-outrigger";
/// kubectl's words for "and nothing else" and "and files".
const NOTHING: &str = ":4";
const FILES: &str = ":0";

/// Whether kubectl calls, or somebody as kubectl would.
pub(crate) fn is_one() -> bool {
    called(PLUGIN)
}

/// Whether kubectl asks what could come next.
pub(crate) fn completes() -> bool {
    called(COMPLETES)
}

fn called(name: &str) -> bool {
    let own = env::args_os().next();
    own.as_deref().map(Path::new).and_then(Path::file_stem).is_some_and(|stem| stem == name)
}

/// The command as it is called.
pub(crate) fn command() -> Command {
    if is_one() { Cli::command().name(PLUGIN).bin_name("kubectl outrigger") } else { Cli::command() }
}

/// What the command line says.
///
/// # Errors
///
/// How it is to be used, where it says nothing that is known.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(words)?;
    Cli::from_arg_matches(&matches)
}

/// What could stand where the last of `words` begins, a line each, and kubectl's word for what else could.
pub(crate) fn completions(words: &[String]) -> Vec<String> {
    let mut command = Cli::command();
    command.build();
    let (last, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let mut at = &command;
    for word in before {
        if let Some(next) = at.find_subcommand(word) {
            at = next;
        }
    }
    let told = |name: &str, about: Option<String>| match about.as_deref().and_then(|about| about.lines().next()) {
        Some(about) => format!("{name}\t{about}"),
        None => name.to_owned(),
    };
    let mut lines: Vec<String> = Vec::new();
    if last.starts_with('-') {
        let options = at.get_arguments().filter(|it| !it.is_hide_set()).filter_map(|it| Some((it.get_long()?, it)));
        let named = options.map(|(long, it)| (format!("--{long}"), it.get_help().map(ToString::to_string)));
        lines.extend(named.filter(|(name, _)| name.starts_with(last)).map(|(name, help)| told(&name, help)));
    } else {
        let known = at.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name().starts_with(last));
        lines.extend(known.map(|it| told(it.get_name(), it.get_about().map(ToString::to_string))));
    }
    lines.push(if at.has_subcommands() { NOTHING } else { FILES }.to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        completions(&words).iter().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn kubectl_is_told_what_could_come() {
        assert_eq!(names(&["fl"]), ["fleet", ":4"]);
        assert_eq!(names(&["policy", ""]), ["what-changes", "help", ":4"]);
        assert_eq!(names(&["policy", "what-changes", "--del"]), ["--delete", ":0"]);
        assert_eq!(names(&["check", "--sys"]), ["--system-namespace", ":0"]);
        assert_eq!(names(&["policy", "what-changes", "fi"]), [":0"]);
        assert!(names(&[]).contains(&"explain".to_owned()));
    }

    #[test]
    fn a_shell_completes_every_command() {
        let mut script = Vec::new();
        clap_complete::generate(clap_complete::Shell::Bash, &mut Cli::command(), "outrigger", &mut script);
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("what-changes") && script.contains("--credential"), "{script}");
    }
}
