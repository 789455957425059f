//! `cargo xtask generate`: the files, and the parts of files, that are printed from code.

mod settings;

use std::{fs, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{charts, tools};

/// As they are applied by whoever has no Helm.
const CRDS: &str = "deploy/kubernetes/crds.yaml";
/// As a chart has them: with what a release says of each.
const CRDS_TEMPLATE: &str = "charts/outrigger-crds/templates/crds.yaml";
const README: &str = "README.md";
const CONTROL_PLANE: &str = "outrigger-control-plane";

/// Writes what is printed from code: CRDs, tables of settings and of metrics.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if a file differs from what the code prints.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let crds = crds()?;
    let mut files =
        vec![file(CRDS, &crds, args.check)?, file(CRDS_TEMPLATE, &template(&crds)?, args.check)?, readme(args.check)?];
    for chart in charts::all() {
        files.extend(of_chart(&chart, args.check)?);
    }
    let stale: Vec<String> = files.into_iter().flatten().collect();
    if args.check && !stale.is_empty() {
        bail!("not what the code prints: {}; run `cargo xtask generate`", stale.join(", "));
    }
    Ok(())
}

/// Writes or compares one file; its path if it differed.
pub(crate) fn file(path: &str, text: &str, check: bool) -> Result<Option<String>> {
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
    Ok(Some(path.to_owned()))
}

fn crds() -> Result<String> {
    let yaml = outrigger_crd::to_yaml(&outrigger_crd::all())?;
    Ok(format!("# Printed from crates/crd by `cargo xtask generate`.\n{yaml}"))
}

/// The kinds as a template: labels of the release, and whether Helm may delete them.
fn template(crds: &str) -> Result<String> {
    // What looks like a template must be a string to the template engine.
    if crds.contains("{{") {
        bail!("a description of a CRD field contains `{{{{`, which Helm would take for a template");
    }
    let own = "\nmetadata:\n  {{- include \"outrigger-crds.metadata\" . | nindent 2 }}\n";
    Ok(crds.replace("\nmetadata:\n", own))
}

/// What is printed of one chart.
fn of_chart(chart: &charts::Chart, check: bool) -> Result<[Option<String>; 3]> {
    let place = |name: &str| format!("{}/{name}", chart.folder());
    let readme = place(README);
    let text = fs::read_to_string(tools::root().join(&readme)).with_context(|| format!("cannot read {readme}"))?;
    let text = fill(&text, "values", &chart.table()).with_context(|| format!("in {readme}"))?;
    Ok([
        file(&place("values.yaml"), &chart.values(), check)?,
        file(&place("values.schema.json"), &chart.schema(), check)?,
        file(&readme, &text, check)?,
    ])
}

fn readme(check: bool) -> Result<Option<String>> {
    let Ok(mut text) = fs::read_to_string(tools::root().join(README)) else {
        println!("{README} is not there: no tables written");
        return Ok(None);
    };
    let shared = settings::of("outrigger", &["run"])?;
    let sidecar = settings::own(settings::of("outrigger-sidecar", &[])?, &shared);
    let control_plane = settings::of(CONTROL_PLANE, &[])?;
    for (name, table) in [
        ("settings", settings::table(&shared)),
        ("sidecar-settings", settings::table(&sidecar)),
        ("control-plane-settings", settings::table(&control_plane)),
        ("metrics", tools::succeed(&mut Command::new(tools::metrics()?))?),
        ("control-plane-metrics", control_plane_metrics()?),
    ] {
        if has(&text, name) {
            text = fill(&text, name, &table)?;
        }
    }
    file(README, &text, check)
}

/// It is a program and no library: it prints them itself.
fn control_plane_metrics() -> Result<String> {
    tools::succeed(Command::new(tools::program(CONTROL_PLANE)?).arg("metrics"))
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
    let (before, rest) = text.split_once(&begin).with_context(|| format!("there is no {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("there is {begin} without {end}"))?;
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

    /// The table is written by hand, since what to do is no business of the code.
    #[test]
    fn the_readme_says_what_to_do_about_every_refusal_of_policy() {
        let (_, code) = include_str!("../../route/src/closed.rs").split_once("fn code(").expect("codes");
        let (codes, _) = code.split_once("\n    }\n").expect("the end of them");
        let codes: Vec<&str> = codes.split('"').skip(1).step_by(2).filter(|code| *code != "no_provider").collect();
        assert!(codes.contains(&"policy_broken"), "{codes:?}");
        for code in codes {
            assert!(include_str!("../../../README.md").contains(&format!("\n| `{code}` | ")), "{code}");
        }
    }
}
