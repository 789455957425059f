//! `outrigger explain --policy DIR request.json`

use std::{io::Read, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use outrigger_catalog::Catalog;
use outrigger_compile::World;
use outrigger_route::signals::Calm;
use outrigger_tokens::Counter;
use outrigger_wire::Operation;

use crate::{
    config::{ExplainArgs, environment},
    folder,
};

/// Prints the decision as JSON; fails if nothing could be tried.
pub(crate) fn explain(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let Some(operation) = Operation::from_path(args.path.trim_start_matches("/v1")) else {
        bail!("`{}` is no path that the sidecar serves", args.path);
    };
    let mut body = Vec::new();
    if args.request.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut body).context("cannot read standard input")?;
    } else {
        body = std::fs::read(&args.request).with_context(|| format!("cannot read {}", args.request.display()))?;
    }
    let catalog = Catalog::embedded();
    let view = folder::view(args.namespace.as_ref());
    let policy = match &args.policy {
        Some(dir) => folder::read(dir, &catalog, &view)?,
        None => folder::compiled(World::from_env(&catalog, &environment), &catalog, &view, ToString::to_string),
    };
    for error in &policy.errors {
        eprintln!("error: {error}");
    }
    let draw = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let headers = http::HeaderMap::new();
    let counter = Counter::load();
    let told = outrigger_proxy::explain(
        &policy.snapshot,
        &Calm,
        operation,
        &headers,
        &body,
        Duration::ZERO,
        draw,
        Some(&counter),
    );
    println!("{told:#}");
    Ok(if told.get("error").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
