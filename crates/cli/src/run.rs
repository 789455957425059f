//! `outrigger run`: the wiring of a local sidecar, top to bottom.

use std::{
    collections::BTreeSet,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use outrigger_catalog::Catalog;
use outrigger_compile::{Kind, Scope, World};
use outrigger_otlp::{Named, Speaker};
use outrigger_proxy::{
    Sidecar, Told,
    config::DecisionLogTo,
    process::{self, Signals},
};
use outrigger_route::Snapshot;
use outrigger_telemetry::{logging, out, private};
use tokio::sync::Notify;

use crate::{
    banner,
    config::RunArgs,
    folder::{self, Policy},
    quiet,
    source::Source,
};

/// How long a collector has for what is left at the end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    private::keep().context("cannot keep its memory to itself")?;
    let _log = logging::init(args.settings.log_format.into(), &args.settings.log);
    let speaker = Speaker { program: "outrigger", pod: "", node: "" };
    let collector = args.traces.read(speaker, args.settings.decision_log_to).map_err(anyhow::Error::msg)?;
    let runtime = process::runtime(args.settings.threads).context("cannot start the runtime")?;
    let code = runtime.block_on(serve(args, collector));
    // Connections kept alive by callers are no reason to stay.
    runtime.shutdown_background();
    code
}

async fn serve(args: RunArgs, collector: Option<Named>) -> anyhow::Result<ExitCode> {
    let view = folder::view(args.namespace.as_ref());
    let mut signals = Signals::listen()?;
    let catalog = Catalog::embedded();
    let (source, policy, edits) = Source::open(&args, &catalog, &view).await?;
    drop(catalog);
    report(&policy.errors, &policy.warnings);
    let is_policy = is_policy(&policy.snapshot, unreadable(&policy.world));
    let snapshot = policy.snapshot;
    let config = args.settings.config(process::variable)?;
    let (told, exporting) = match collector {
        Some(named) => {
            let decisions = args.settings.decision_log_to == DecisionLogTo::Otlp;
            let (tracer, taken, exporter) = outrigger_otlp::exporter(named, decisions);
            (Told { tracer: Some(tracer), decisions: taken, ..Told::default() }, Some(exporter.start()?))
        }
        None => (Told::default(), None),
    };
    let sidecar = Arc::new(Sidecar::start_telling(config, is_policy.then(|| snapshot.clone()), told).await?);
    if !is_policy {
        tracing::error!(code = "policy_rejected", "nothing of the policy can be read: not ready until an edit can be");
    }
    sidecar.problems(policy.errors);
    if let Some(path) = &args.settings.ready_file {
        process::write_ready(path, &sidecar)?;
    }
    // Requests do not depend on who reads what a command prints.
    if let Err(error) = out::write(&banner::text(&sidecar, &snapshot, &source)) {
        tracing::warn!(code = "output_failed", "{error}");
    }
    drop(snapshot);
    let quiet = tokio::spawn(quiet::watch(sidecar.clone()));
    let again = Arc::new(Notify::new());
    let following = |edits| follow(sidecar.clone(), edits, view, Arc::new(policy.world), again.clone());
    let watching = edits.map(|edits| tokio::spawn(following(edits)));
    signals
        .leave(|| {
            tracing::info!("the policy is read anew");
            again.notify_one();
        })
        .await;
    tracing::info!("draining");
    quiet.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
    let cut = tokio::select! {
        cut = sidecar.drain() => cut,
        () = signals.leave(|| {}) => return Ok(ExitCode::FAILURE),
    };
    tracing::info!(cut, "drained");
    if let Some(leaving) = exporting {
        tokio::select! {
            all = leaving.leave(FAREWELL) => {
                if !all {
                    tracing::warn!(code = "traces_left", "the collector did not take the last spans in time");
                }
            }
            () = signals.leave(|| {}) => return Ok(ExitCode::FAILURE),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Applies edits of the folder: what is good of one is served from the next request on, what is bad keeps its last good
/// value and is reported (R-CFG-5), and what is missing is gone once it is sure to be (H9). An edit of which nothing
/// consistent can be made changes nothing (K2).
async fn follow(
    sidecar: Arc<Sidecar>,
    mut source: outrigger_folder::Source,
    view: Scope,
    mut last_good: Arc<World>,
    again: Arc<Notify>,
) {
    loop {
        drop(tokio::time::timeout(outrigger_folder::INTERVAL, again.notified()).await);
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
            tracing::error!(code = "policy_rejected", serving = serving(), "reading it failed; nothing changes");
            continue;
        };
        let Some(Edit { served, unreadable, errors, warnings }) = edit else { continue };
        report(&errors, &warnings);
        let begun = serving().is_some();
        let Some((snapshot, world)) = served.filter(|(snapshot, _)| begun || is_policy(snapshot, unreadable)) else {
            tracing::error!(code = "policy_rejected", serving = serving(), "nothing changes");
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

/// Whether what was read is a policy to begin with. One that holds nothing is; one of which a part could not be read and
/// nothing of the rest can be served is none: callers are told to wait for it instead of what it does not serve.
fn is_policy(snapshot: &Snapshot, unreadable: bool) -> bool {
    !unreadable || !snapshot.targets.is_empty()
}

/// Whether some document could not be read.
fn unreadable(world: &World) -> bool {
    world.incomplete || !world.unreadable.is_empty()
}

/// What came of an edit.
struct Edit {
    served: Option<(Snapshot, World)>,
    /// Some document could not be read.
    unreadable: bool,
    errors: Vec<String>,
    warnings: Vec<String>,
}

fn read_edit(edit: outrigger_folder::Edit, view: &Scope, last_good: &World) -> Edit {
    let outrigger_folder::Edit { world, locations, problems, stale } = edit;
    if let Some(reason) = stale {
        let (mut errors, warnings) = folder::lines(&problems);
        errors.push(reason);
        return Edit { served: None, unreadable: true, errors, warnings };
    }
    let catalog = Catalog::embedded();
    let incomplete = world.incomplete;
    let mut world = world.pinned(last_good, &BTreeSet::new(), incomplete);
    // A new policy that cannot be read would refuse everything, and a file that is being written passes through that.
    world.unreadable.retain(|unread| unread.object.kind != Kind::ModelPolicy);
    let unreadable = unreadable(&world);
    let Policy { snapshot, world, bad, errors, warnings } =
        folder::written(world, &locations, &problems, &catalog, view);
    if bad.is_empty() {
        return Edit { served: Some((snapshot, world)), unreadable, errors, warnings };
    }
    let pinned = world.pinned(last_good, &bad, incomplete);
    let repaired = folder::compiled(pinned, &catalog, view, ToString::to_string);
    let served = (repaired.bad.is_empty()).then_some((repaired.snapshot, repaired.world));
    Edit { served, unreadable, errors, warnings }
}

fn report(errors: &[String], warnings: &[String]) {
    errors.iter().for_each(|error| tracing::error!(code = "policy_problem", "{error}"));
    warnings.iter().for_each(|warning| tracing::warn!(code = "policy_warning", "{warning}"));
}
