//! `outrigger check DIR`; without a folder, the installation

use std::process::ExitCode;

use outrigger_catalog::Catalog;
use outrigger_telemetry::out;

use crate::{config::CheckArgs, folder, installation};

/// Prints every problem with its place; fails if any makes an object unusable.
pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let Some(folder) = &args.policy else { return Ok(installation::check(args)) };
    let policy = folder::read(folder, &Catalog::embedded(), &folder::view(args.namespace.as_ref()))?;
    let snapshot = &policy.snapshot;
    let mut lines: Vec<String> = policy.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
    lines.extend(policy.errors.iter().map(|error| format!("error: {error}")));
    lines.push(format!(
        "{} targets, {} route names, {} errors, {} warnings (revision {})\n",
        snapshot.targets.len(),
        snapshot.routes.len(),
        policy.errors.len(),
        policy.warnings.len(),
        snapshot.revision
    ));
    out::write(&lines.join("\n"))?;
    Ok(if policy.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
