//! `outrigger check DIR`; without a folder, the installation

use std::process::ExitCode;

use outrigger_catalog::Catalog;

use crate::{config::CheckArgs, folder, installation};

/// Prints every problem with its place; fails if any makes an object unusable.
pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let Some(folder) = &args.policy else { return Ok(installation::check(args)) };
    let policy = folder::read(folder, &Catalog::embedded(), &folder::view(args.namespace.as_ref()))?;
    for warning in &policy.warnings {
        println!("warning: {warning}");
    }
    for error in &policy.errors {
        println!("error: {error}");
    }
    let snapshot = &policy.snapshot;
    println!(
        "{} targets, {} route names, {} errors, {} warnings (revision {})",
        snapshot.targets.len(),
        snapshot.routes.len(),
        policy.errors.len(),
        policy.warnings.len(),
        snapshot.revision
    );
    Ok(if policy.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
