//! `outrigger run`: the wiring of a local sidecar, top to bottom.

use std::{
    collections::BTreeSet,
    panic::{self, AssertUnwindSafe},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use anyhow::Context;
use outrigger_catalog::Catalog;
use outrigger_compile::{Kind, Scope, World};
use outrigger_proxy::{Config, Sidecar};
use outrigger_route::Snapshot;
use outrigger_telemetry::logging;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    banner,
    config::{LogFormat, RunArgs},
    folder::{self, Policy},
    quiet,
    source::Source,
};

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let format = match args.log_format {
        LogFormat::Json => logging::Format::Json,
        LogFormat::Text => logging::Format::Text,
    };
    logging::init(format, &args.log);
    let runtime = runtime(args.threads).context("cannot start the runtime")?;
    let code = runtime.block_on(serve(args));
    // Connections kept alive by callers are no reason to stay.
    runtime.shutdown_background();
    code
}

/// One thread is the one we have: with no others to share with it needs no locks and wakes nobody.
fn runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    if threads <= 1 {
        return tokio::runtime::Builder::new_current_thread().enable_all().build();
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).thread_name("traffic").enable_all().build()
}

async fn serve(args: RunArgs) -> anyhow::Result<ExitCode> {
    let view = folder::view(args.namespace.as_ref());
    // Signals first: one that comes during start-up must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let catalog = Catalog::embedded();
    let (source, policy, edits) = Source::open(&args, &catalog, &view).await?;
    drop(catalog);
    report(&policy.errors, &policy.warnings);
    let snapshot = policy.snapshot;
    let sidecar = Arc::new(Sidecar::start(config(&args), snapshot.clone()).await?);
    sidecar.problems(policy.errors);
    if let Some(path) = &args.ready_file {
        write_ready(path, &sidecar)?;
    }
    banner::print(&sidecar, &snapshot, &source);
    drop(snapshot);
    let quiet = tokio::spawn(quiet::watch(sidecar.clone()));
    let watching = edits.map(|edits| tokio::spawn(follow(sidecar.clone(), edits, view, Arc::new(policy.world))));
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

fn config(args: &RunArgs) -> Config {
    Config {
        listen: args.listen,
        admin_listen: args.admin_listen,
        max_body: args.max_body,
        buffer_budget: args.buffer_budget,
        queue_timeout: args.queue_timeout,
        read_timeout: args.read_timeout,
        keep_alive: args.keep_alive,
        drain_timeout: args.drain_timeout,
        generations: args.generations,
        usage_cost: args.usage_cost,
    }
}

/// Applies edits of the folder: what is good of one is served from the next request on, what is bad keeps its last good
/// value and is reported (R-CFG-5), and what is missing is gone once it is sure to be (H9). An edit of which nothing
/// consistent can be made changes nothing (K2).
async fn follow(sidecar: Arc<Sidecar>, mut source: outrigger_folder::Source, view: Scope, mut last_good: Arc<World>) {
    loop {
        tokio::time::sleep(outrigger_folder::INTERVAL).await;
        let (view, pinned_to) = (view.clone(), last_good.clone());
        // Off the traffic threads: compiling takes milliseconds that no request should wait for.
        let looked = tokio::task::spawn_blocking(move || {
            // What is missing is known to the source: it must outlive a bug of ours that an edit brings out.
            let look = || source.look(SystemTime::now()).map(|edit| read_edit(edit, &view, &pinned_to));
            let edit = panic::catch_unwind(AssertUnwindSafe(look));
            (source, edit)
        });
        let edit;
        // It is waited for without end and catches its panics: it fails only where the runtime goes.
        (source, edit) = match looked.await {
            Ok(looked) => looked,
            Err(_) => return,
        };
        let serving = || sidecar.revision();
        let Ok(edit) = edit else {
            // The next edit has its own chance.
            tracing::error!(
                code = "policy_rejected",
                serving = serving(),
                "reading it failed; the old policy is served"
            );
            continue;
        };
        let Some(Edit { served, errors, warnings }) = edit else { continue };
        report(&errors, &warnings);
        let Some((snapshot, world)) = served else {
            tracing::error!(code = "policy_rejected", serving = serving(), "the old policy is served");
            sidecar.problems(errors);
            continue;
        };
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
}

/// What came of an edit.
struct Edit {
    served: Option<(Snapshot, World)>,
    errors: Vec<String>,
    warnings: Vec<String>,
}

fn read_edit(edit: outrigger_folder::Edit, view: &Scope, last_good: &World) -> Edit {
    let outrigger_folder::Edit { world, locations, problems, stale } = edit;
    if let Some(reason) = stale {
        let (mut errors, warnings) = folder::lines(&problems);
        errors.push(reason);
        return Edit { served: None, errors, warnings };
    }
    let catalog = Catalog::embedded();
    let incomplete = world.incomplete;
    let mut world = world.pinned(last_good, &BTreeSet::new(), incomplete);
    // A new policy that cannot be read would refuse everything, and a file that is being written passes through that.
    world.unreadable.retain(|unread| unread.object.kind != Kind::ModelPolicy);
    let Policy { snapshot, world, bad, errors, warnings } =
        folder::written(world, &locations, &problems, &catalog, view);
    if bad.is_empty() {
        return Edit { served: Some((snapshot, world)), errors, warnings };
    }
    let pinned = world.pinned(last_good, &bad, incomplete);
    let repaired = folder::compiled(pinned, &catalog, view, ToString::to_string);
    let served = (repaired.bad.is_empty()).then_some((repaired.snapshot, repaired.world));
    Edit { served, errors, warnings }
}

fn report(errors: &[String], warnings: &[String]) {
    errors.iter().for_each(|error| tracing::error!(code = "policy_problem", "{error}"));
    warnings.iter().for_each(|warning| tracing::warn!(code = "policy_warning", "{warning}"));
}

/// Whoever waits for the file must not read half of it: it is renamed into place.
fn write_ready(path: &Path, sidecar: &Sidecar) -> anyhow::Result<()> {
    let json = serde_json::json!({"listen": sidecar.listen().to_string(), "admin": sidecar.admin().to_string()});
    let partial = path.with_extension("partial");
    std::fs::write(&partial, json.to_string())
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write the ready file {}", path.display()))
}
