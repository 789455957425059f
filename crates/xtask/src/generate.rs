//! `cargo xtask generate`: the files, and the parts of files, that are printed from code.

mod rights;
mod settings;

use std::{fs, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{charts, monitoring, tools};

/// As they are applied by whoever has no Helm.
const CRDS: &str = "deploy/kubernetes/crds.yaml";
/// As a chart has them: with what a release says of each.
const CRDS_TEMPLATE: &str = "charts/outrigger-crds/templates/crds.yaml";
const README: &str = "README.md";
const REFERENCE: &str = "docs/reference.md";
const OPERATE: &str = "docs/operate.md";
const CONTROL_PLANE: &str = "outrigger-control-plane";

/// Writes what is printed from code: CRDs, and the tables of the documents.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if a file differs from what the code prints.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let crds = crds()?;
    let mut files = vec![
        file(CRDS, &crds, args.check)?,
        file(CRDS_TEMPLATE, &template(&crds)?, args.check)?,
        document(REFERENCE, &tables()?, args.check)?,
        document(OPERATE, &[("rights", rights()?)], args.check)?,
    ];
    for chart in charts::all() {
        files.extend(of_chart(&chart, args.check)?);
    }
    for (path, text) in monitoring::files() {
        files.push(file(&path, &text, args.check)?);
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

/// Fills a document's tables: every marker has to be there.
fn document(path: &str, tables: &[(&str, String)], check: bool) -> Result<Option<String>> {
    let mut text = fs::read_to_string(tools::root().join(path)).with_context(|| format!("cannot read {path}"))?;
    for (name, table) in tables {
        text = fill(&text, name, table).with_context(|| format!("in {path}"))?;
    }
    file(path, &text, check)
}

/// What people look up, by the names of the markers.
fn tables() -> Result<[(&'static str, String); 11]> {
    let shared = settings::of("outrigger", &["run"])?;
    let sidecar = settings::own(settings::of("outrigger-sidecar", &[])?, &shared);
    let control_plane = settings::of(CONTROL_PLANE, &[])?;
    Ok([
        ("error-codes", reference("error-codes")?),
        ("headers", reference("headers")?),
        ("request-headers", reference("request-headers")?),
        ("log-fields", reference("log-fields")?),
        ("settings", settings::table(&shared)),
        ("sidecar-settings", settings::table(&sidecar)),
        ("control-plane-settings", settings::table(&control_plane)),
        ("metrics", reference("metrics")?),
        ("control-plane-metrics", metrics("control-plane")?),
        ("injector-metrics", metrics("injector")?),
        ("ledger-metrics", metrics("ledger")?),
    ])
}

fn rights() -> Result<String> {
    let manifest = tools::root().join(rights::MANIFEST);
    rights::table(&fs::read_to_string(manifest).with_context(|| format!("cannot read {}", rights::MANIFEST))?)
}

fn reference(table: &str) -> Result<String> {
    tools::succeed(Command::new(tools::reference()?).arg(table))
}

/// It is a program and no library: it prints them itself.
fn metrics(of: &str) -> Result<String> {
    tools::succeed(Command::new(tools::program(CONTROL_PLANE)?).args(["metrics", of]))
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
}
