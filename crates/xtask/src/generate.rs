//! `cargo xtask generate`: the files, and the parts of files, that are printed from code.

use std::{fmt::Write as _, fs};

use anyhow::{Context as _, Result, bail};
use outrigger_proxy::metrics::FAMILIES;

use crate::tools;

const CRDS: &str = "charts/outrigger-crds/templates/crds.yaml";
const README: &str = "README.md";

/// Writes what is printed from code: CRDs, settings table, metric inventory.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if a file differs from what the code prints.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let stale: Vec<&str> = [file(CRDS, &crds()?, args.check)?, readme(args.check)?].into_iter().flatten().collect();
    if args.check && !stale.is_empty() {
        bail!("not what the code prints: {}; run `cargo xtask generate`", stale.join(", "));
    }
    Ok(())
}

/// Writes or compares one file; its path if it differed.
fn file(path: &'static str, text: &str, check: bool) -> Result<Option<&'static str>> {
    let absolute = tools::root().join(path);
    if fs::read_to_string(&absolute).is_ok_and(|current| current == text) {
        println!("{path} is up to date");
        return Ok(None);
    }
    if !check {
        if let Some(folder) = absolute.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&absolute, text).with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    Ok(Some(path))
}

fn crds() -> Result<String> {
    let yaml = outrigger_crd::to_yaml(&outrigger_crd::all())?;
    // A chart's templates are templates: what looks like one must be a string to the template engine.
    if yaml.contains("{{") {
        bail!("a description of a CRD field contains `{{{{`, which Helm would take for a template");
    }
    Ok(format!("# Printed from crates/crd by `cargo xtask generate`.\n{yaml}"))
}

fn readme(check: bool) -> Result<Option<&'static str>> {
    let Ok(text) = fs::read_to_string(tools::root().join(README)) else {
        println!("{README} is not there: no tables written");
        return Ok(None);
    };
    let mut filled = text.clone();
    if has(&text, "settings") {
        filled = fill(&filled, "settings", &settings()?)?;
    }
    if has(&text, "metrics") {
        filled = fill(&filled, "metrics", &metrics())?;
    }
    file(README, &filled, check)
}

fn settings() -> Result<String> {
    tools::succeed(tools::cargo().args(["run", "--quiet", "--package", "outrigger", "--", "settings"]))
}

fn metrics() -> String {
    let mut table = "| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for family in FAMILIES {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
        let help = family.help.replace('|', "\\|");
        let _ = writeln!(table, "| `{}` | {} | {labels} | {help} |", family.name, family.kind);
    }
    table
}

fn has(text: &str, name: &str) -> bool {
    let found = text.contains(&begin(name));
    if !found {
        println!("{README} has no {} marker: skipped", begin(name));
    }
    found
}

fn begin(name: &str) -> String {
    format!("<!-- {name}:begin -->")
}

/// Puts `table` between the markers of `name`.
fn fill(text: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (begin(name), format!("<!-- {name}:end -->"));
    let (before, rest) = text.split_once(&begin).with_context(|| format!("{README} has no {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("{README} has {begin} without {end}"))?;
    Ok(format!("{before}{begin}\n{}\n{end}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_between_its_markers() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let filled = fill(text, "x", "| new |\n").expect("both markers");
        assert_eq!(filled, "a\n<!-- x:begin -->\n| new |\n<!-- x:end -->\nb\n");
        assert_eq!(fill(&filled, "x", "| new |\n").expect("both markers"), filled);
        assert!(fill("<!-- x:begin -->", "x", "").is_err());
    }

    #[test]
    fn every_metric_has_its_line() {
        assert_eq!(metrics().lines().count(), FAMILIES.len() + 2);
    }
}
