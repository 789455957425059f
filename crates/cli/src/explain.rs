//! `outrigger explain --policy DIR request.json`, or `--workload NAMESPACE/DEPLOYMENT`

mod remote;

use std::{io::Read, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use outrigger_catalog::Catalog;
use outrigger_compile::World;
use outrigger_route::{Snapshot, signals::Calm};
use outrigger_telemetry::out;
use outrigger_tokens::Counter;
use outrigger_wire::Operation;
use remote::Remote;

use crate::{
    config::{ExplainArgs, environment},
    folder::{self, Policy},
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
    let (snapshot, whose) = match (&args.workload, &args.policy) {
        (Some(workload), _) => {
            let Remote { snapshot, about } = remote::fetch(&args.plane, workload)?;
            (snapshot, Some(about))
        }
        (None, Some(dir)) => (told(folder::read(dir, &catalog, &view)?), None),
        (None, None) => {
            let world = World::from_env(&catalog, &environment);
            (told(folder::compiled(world, &catalog, &view, ToString::to_string)), None)
        }
    };
    let draw = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let headers = http::HeaderMap::new();
    let counter = Counter::load();
    let mut decision =
        outrigger_proxy::explain(&snapshot, &Calm, operation, &headers, &body, Duration::ZERO, draw, Some(&counter));
    if let (Some(about), Some(decision)) = (whose, decision.as_object_mut()) {
        decision.insert("decided_for".to_owned(), about);
    }
    out::write(&format!("{decision:#}\n"))?;
    Ok(if decision.get("error").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is good of it; the rest is told.
fn told(policy: Policy) -> Snapshot {
    for error in &policy.errors {
        out::complain(format_args!("error: {error}"));
    }
    policy.snapshot
}
