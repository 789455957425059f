//! `outrigger report`: the page for whoever pays.

pub(crate) mod args;
mod figures;

use std::{fs, path::Path, process::ExitCode, time::SystemTime};

use anyhow::{Context as _, ensure};
use args::ReportArgs;
use outrigger_catalog::Catalog;
use outrigger_report::Report;
use outrigger_telemetry::out;

use crate::{plane::Plane, usage::ask::running};

/// Runs it.
pub(crate) fn report(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let ReportArgs { quarter, namespace, out, books } = args;
    let asked_at = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    ensure!(
        quarter.first_day().as_str() <= asked_at.get(..10).unwrap_or_default(),
        "{} has not begun: there is nothing to report of it",
        quarter.name()
    );
    let plane = Plane::ledger(&books.place())?;
    let figures = running(figures::ask(plane.asker(), *quarter, namespace.as_deref(), asked_at))?;
    let report = outrigger_report::report(&figures, &Catalog::embedded())?;
    let folder = out.clone().unwrap_or_else(|| format!("report-{}", quarter.name()).into());
    write(&folder, &report).with_context(|| format!("cannot write into {}", folder.display()))?;
    out::write(&format!("{}\n{}\n", folder.join("report.html").display(), folder.join("report.md").display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes all of it into a folder, which is made if it is not there.
fn write(folder: &Path, report: &Report) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, svg) in &report.charts {
        fs::write(folder.join(name), svg)?;
    }
    fs::write(folder.join("report.md"), &report.markdown)?;
    fs::write(folder.join("report.html"), &report.html)
}
