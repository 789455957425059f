//! `outrigger run`: the wiring of a local sidecar, top to bottom.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use anyhow::Context;
use outrigger_catalog::Catalog;
use outrigger_compile::{Scope, World};
use outrigger_proxy::{Sidecar, process};
use outrigger_route::Snapshot;
use outrigger_telemetry::logging;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    banner,
    config::RunArgs,
    folder::{self, Policy},
    quiet,
    source::Source,
    watch,
};

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    logging::init(args.settings.log_format.into(), &args.settings.log);
    let runtime = process::runtime(args.settings.threads).context("cannot start the runtime")?;
    let code = runtime.block_on(serve(args));
    // Connections kept alive by callers are no reason to stay.
    runtime.shutdown_background();
    code
}

async fn serve(args: RunArgs) -> anyhow::Result<ExitCode> {
    let view = folder::view(args.namespace.as_ref());
    // Signals first: one that comes during start-up must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let catalog = Catalog::embedded();
    // Before the folder is read, so that an edit made meanwhile is seen as one.
    let seen = args.policy.clone().map(watch::Seen::now);
    let (source, policy) = Source::open(&args, &catalog, &view).await?;
    drop(catalog);
    report(&policy.errors, &policy.warnings);
    let is_policy = is_policy(&policy.snapshot, policy.unreadable);
    let snapshot = policy.snapshot;
    let sidecar = Arc::new(Sidecar::start(args.settings.config(), is_policy.then(|| snapshot.clone())).await?);
    if !is_policy {
        tracing::error!(code = "policy_rejected", "nothing of the policy can be read: not ready until an edit can be");
    }
    sidecar.problems(policy.errors);
    if let Some(path) = &args.settings.ready_file {
        process::write_ready(path, &sidecar)?;
    }
    banner::print(&sidecar, &snapshot, &source);
    drop(snapshot);
    let quiet = tokio::spawn(quiet::watch(sidecar.clone()));
    let watching = match (&source, seen) {
        (Source::Folder(dir), Some(seen)) => {
            Some(tokio::spawn(follow(sidecar.clone(), dir.clone(), view, seen, Arc::new(policy.world))))
        }
        _ => None,
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    quiet.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
    let cut = tokio::select! {
        cut = sidecar.drain() => cut,
        _ = terminate.recv() => return Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => return Ok(ExitCode::FAILURE),
    };
    tracing::info!(cut, "drained");
    Ok(ExitCode::SUCCESS)
}

/// Applies edits of the folder: what is good of one is served from the next request on, and what is bad keeps its last
/// good value and is reported (R-CFG-5). An edit of which nothing consistent can be made changes nothing (K2).
async fn follow(sidecar: Arc<Sidecar>, dir: PathBuf, view: Scope, mut seen: watch::Seen, mut last_good: Arc<World>) {
    loop {
        tokio::time::sleep(watch::INTERVAL).await;
        let (folder, view, pinned_to) = (dir.clone(), view.clone(), last_good.clone());
        // Off the traffic threads: compiling takes milliseconds that no request should wait for.
        let looked = tokio::task::spawn_blocking(move || {
            let edit = seen.changed(SystemTime::now()).then(|| read_edit(&folder, &view, &pinned_to));
            (seen, edit)
        });
        let edit;
        (seen, edit) = match looked.await {
            Ok(looked) => looked,
            // A bug of ours that this edit brought out: the next one has its own chance.
            Err(error) => {
                let serving = sidecar.revision();
                tracing::error!(code = "policy_rejected", serving, %error, "reading it failed; nothing changes");
                (watch::Seen::now(dir.clone()), None)
            }
        };
        let Some(edit) = edit else { continue };
        match edit {
            Ok(Edit { served: Some((snapshot, world)), unreadable, errors, warnings })
                if sidecar.revision().is_some() || is_policy(&snapshot, unreadable) =>
            {
                report(&errors, &warnings);
                let revision = snapshot.revision.clone();
                sidecar.publish(snapshot, errors.clone());
                last_good = Arc::new(world);
                if errors.is_empty() {
                    tracing::info!(revision = &*revision, "policy applied");
                } else {
                    tracing::error!(
                        code = "policy_rejected_in_part",
                        revision = &*revision,
                        "the good objects of the edit are served; the bad ones keep their last good value"
                    );
                }
            }
            Ok(Edit { errors, warnings, .. }) => {
                report(&errors, &warnings);
                tracing::error!(code = "policy_rejected", serving = sidecar.revision(), "nothing changes");
                sidecar.problems(errors);
            }
            Err(error) => {
                tracing::error!(code = "policy_rejected", serving = sidecar.revision(), "{error:#}; nothing changes");
                sidecar.problems(vec![format!("{error:#}")]);
            }
        }
    }
}

/// Whether what was read is a policy to begin with. One that holds nothing is; one of which a part could not be read and
/// nothing of the rest can be served is none: callers are told to wait for it instead of what it does not serve.
fn is_policy(snapshot: &Snapshot, unreadable: bool) -> bool {
    !unreadable || !snapshot.targets.is_empty()
}

/// What came of an edit.
struct Edit {
    served: Option<(Snapshot, World)>,
    /// Some document could not be read.
    unreadable: bool,
    errors: Vec<String>,
    warnings: Vec<String>,
}

fn read_edit(dir: &Path, view: &Scope, last_good: &World) -> anyhow::Result<Edit> {
    let catalog = Catalog::embedded();
    let Policy { snapshot, world, bad, unreadable, errors, warnings } = folder::read(dir, &catalog, view)?;
    if errors.is_empty() {
        return Ok(Edit { served: Some((snapshot, world)), unreadable, errors, warnings });
    }
    let pinned = world.pinned(last_good, &bad, unreadable);
    let repaired = folder::compiled(pinned, &catalog, view, ToString::to_string);
    let served = (repaired.bad.is_empty()).then_some((repaired.snapshot, repaired.world));
    Ok(Edit { served, unreadable, errors, warnings })
}

fn report(errors: &[String], warnings: &[String]) {
    errors.iter().for_each(|error| tracing::error!(code = "policy_problem", "{error}"));
    warnings.iter().for_each(|warning| tracing::warn!(code = "policy_warning", "{warning}"));
}
