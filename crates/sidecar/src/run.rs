//! The wiring of a sidecar, top to bottom.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use outrigger_proxy::{
    Sidecar,
    process::{self, Signals},
};
use outrigger_resident::{Files, Quiet};
use outrigger_telemetry::{logging, private};

use crate::{
    config::Cli,
    link::{self, Link},
    start::{self, Start},
};

/// How long to wait after a bug.
const AGAIN: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: Cli) -> anyhow::Result<ExitCode> {
    private::keep().context("cannot keep its memory to itself")?;
    let _log = logging::init(args.settings.log_format.into(), &args.settings.log);
    args.check().map_err(anyhow::Error::msg)?;
    let runtime = process::runtime(args.settings.threads).context("cannot start the runtime")?;
    let code = runtime.block_on(serve(args));
    // Connections kept alive by callers are no reason to stay.
    runtime.shutdown_background();
    code
}

async fn serve(args: Cli) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let started = SystemTime::now();
    let Start { disk, holdings, from, waits, mounted } = start::look(&args);
    // What was good yesterday is served before anybody is asked, unless it may not be.
    let expired = link::too_old(holdings.received, args.max_staleness);
    let snapshot = (!holdings.is_empty()).then(|| match expired {
        true => outrigger_route::Snapshot::stale(&holdings.revision),
        false => holdings.view().assemble(),
    });
    let known = snapshot.is_some();
    let config = args.settings.config(process::variable)?;
    let sidecar = Arc::new(Sidecar::start(config, snapshot).await?);
    if known {
        sidecar.staleness(holdings.received);
        if expired {
            tracing::error!(code = "policy_stale", "the policy from {from} is older than --max-staleness allows");
            sidecar.problems(vec![link::TOO_OLD.to_owned()]);
        } else {
            tracing::info!(revision = &*holdings.revision, "serving the last good policy from {from}");
            sidecar.problems(holdings.problems());
        }
    }
    if let Some(waits) = waits.filter(|_| !known) {
        sidecar.waits(&waits);
    }
    if let Some(workload) = &holdings.workload {
        sidecar.about(link::about(workload));
    }
    if let Some(path) = &args.settings.ready_file {
        process::write_ready(path, &sidecar)?;
    }
    tracing::info!(listen = %sidecar.listen(), admin = %sidecar.admin(), control_plane = %args.control_plane, "listening");
    let confirmed = holdings.received.filter(|_| known);
    follow(Link {
        control_plane: args.control_plane,
        token_file: args.token_file,
        ca_file: args.ca_file,
        sidecar: sidecar.clone(),
        disk,
        holdings,
        mounted,
        max_staleness: args.max_staleness,
        instance: format!("{:016x}", fastrand::u64(..)),
        started,
        confirmed,
        expired: known && expired,
    })?;
    let quiet = tokio::spawn(quiet(sidecar.clone()));
    // The control plane says what changes as soon as it does.
    signals.leave(|| {}).await;
    tracing::info!("draining");
    quiet.abort();
    let cut = tokio::select! {
        cut = sidecar.drain() => cut,
        () = signals.leave(|| {}) => return Ok(ExitCode::FAILURE),
    };
    tracing::info!(cut, "drained");
    Ok(ExitCode::SUCCESS)
}

/// The link has a thread and a runtime of its own, so that applying a large policy makes no request wait.
fn follow(mut link: Link) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("link".to_owned()).spawn(move || {
        // A bug of ours that an update brings out must not be the last word: the next one has its own chance.
        while catch_unwind(AssertUnwindSafe(|| runtime.block_on(link.run()))).is_err() {
            tracing::error!(code = "link_broken", "following the control plane failed; it is tried again");
            std::thread::sleep(AGAIN);
        }
    })?;
    Ok(())
}

/// Gives back what the start needed, and after every spell of traffic what the traffic did.
async fn quiet(sidecar: Arc<Sidecar>) {
    let files = Files::mapped();
    // The first policy is part of the start.
    tokio::time::sleep(Duration::from_secs(2)).await;
    files.give_back();
    let mut quiet = Quiet::default();
    loop {
        tokio::time::sleep(Quiet::INTERVAL).await;
        let requests = sidecar.requests();
        if quiet.look(requests.begun, requests.open) {
            files.give_back();
        }
    }
}
