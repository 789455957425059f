//! The wiring of a sidecar, top to bottom.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use outrigger_api::ledger::Reporter;
use outrigger_otlp::{
    Exporter, Named, Speaker,
    farewell::{self, Asked, Leaving},
};
use outrigger_proxy::{
    Sidecar, Told, Users,
    config::DecisionLogTo,
    process::{self, Signals},
};
use outrigger_resident::{Files, Quiet};
use outrigger_spool::Spool;
use outrigger_telemetry::{logging, private};

use crate::{
    config::{Cli, LedgerArgs},
    ledger::{self, Ledger, Way},
    link::{self, Link},
    start::{self, Start},
};

/// How long to wait after a bug.
const AGAIN: Duration = Duration::from_secs(5);
/// How long the ledger has for what is left at the end (R-DRAIN-4), and a disk to take what it does not.
const FAREWELL: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: Cli) -> anyhow::Result<ExitCode> {
    private::keep().context("cannot keep its memory to itself")?;
    let _log = logging::init(args.settings.log_format.into(), &args.settings.log);
    args.check().map_err(anyhow::Error::msg)?;
    let key = args.ledger.hash_key().map_err(anyhow::Error::msg)?;
    let speaker = Speaker { program: "outrigger-sidecar", pod: &args.ledger.pod, node: &args.ledger.node };
    let collector = args.traces.read(speaker, args.settings.decision_log_to).map_err(anyhow::Error::msg)?;
    let runtime = process::runtime(args.settings.threads).context("cannot start the runtime")?;
    let code = runtime.block_on(serve(args, key, collector));
    // Connections kept alive by callers are no reason to stay.
    runtime.shutdown_background();
    code
}

async fn serve(args: Cli, key: Option<Vec<u8>>, collector: Option<Named>) -> anyhow::Result<ExitCode> {
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
    let ledger = args.ledger.ledger.as_ref().map(|to| {
        let way = Way { to: to.clone(), token_file: args.token_file.clone(), ca_file: args.ca_file.clone() };
        books(&args.ledger, way, users(&args.ledger, key))
    });
    let booked = ledger.as_ref().map(|ledger| {
        outrigger_proxy::Ledger::new(ledger.spool.clone(), ledger.users.clone(), args.ledger.team.clone())
    });
    let mut told = Told { ledger: booked, ..Told::default() };
    let exporter = collector.map(|named| {
        let decisions = args.settings.decision_log_to == DecisionLogTo::Otlp;
        let (tracer, taken, exporter) = outrigger_otlp::exporter(named, decisions);
        (told.tracer, told.decisions) = (Some(tracer), taken);
        exporter
    });
    let sidecar = Arc::new(Sidecar::start_telling(config, snapshot, told).await?);
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
    let spooled = ledger.as_ref().map(|ledger| (ledger.spool.clone(), ledger.reporter.clone()));
    let (leaving, asked) = farewell::ends();
    let (exporter_leave, exporter_asked) = farewell::ends();
    let exporter_leave = exporter.as_ref().map(|_| exporter_leave);
    follow(
        ledger.map(|ledger| (ledger, asked)),
        exporter.map(|exporter| (exporter, exporter_asked)),
        Link {
            control_plane: args.control_plane,
            token_file: args.token_file,
            ca_file: args.ca_file,
            sidecar: sidecar.clone(),
            disk,
            holdings,
            mounted,
            max_staleness: args.max_staleness,
            instance: sidecar.instance().to_owned(),
            streams: 0,
            started,
            confirmed,
            expired: known && expired,
        },
    )?;
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
    let settled = async {
        if let Some((spool, reporter)) = spooled {
            settle(spool, reporter, leaving).await;
        }
    };
    let flushed = async {
        if let Some(leaving) = exporter_leave
            && !leaving.leave(FAREWELL).await
        {
            tracing::warn!(code = "traces_left", "the collector did not take the last spans in time");
        }
    };
    tokio::select! {
        _ = async { tokio::join!(settled, flushed) } => {}
        () = signals.leave(|| {}) => return Ok(ExitCode::FAILURE),
    }
    Ok(ExitCode::SUCCESS)
}

/// What is spooled, and the way it takes from there.
fn books(args: &LedgerArgs, way: Way, users: Users) -> Ledger {
    let spool = Spool::open(&outrigger_spool::Settings {
        folder: args.spool.clone(),
        limit: args.spool_limit as u64,
        memory: outrigger_spool::MEMORY,
        age: args.spool_age,
    });
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let reporter = Reporter { pod: args.pod.clone(), node: args.node.clone(), version };
    Ledger { way, reporter, spool, users }
}

/// How users and sessions are booked.
fn users(args: &LedgerArgs, key: Option<Vec<u8>>) -> Users {
    match key {
        _ if args.clear_users => Users::clear(),
        Some(key) => Users::hashed(&key),
        None => Users::awaited(),
    }
}

/// What was not told yet is: to the ledger while there is time, else to the log.
async fn settle(spool: Spool, reporter: Reporter, leaving: Leaving) {
    let closing = spool.clone();
    let closed = tokio::task::spawn_blocking(move || closing.close());
    // A disk that hangs holds nobody up: what it has not synced may be on it all the same.
    let _ = tokio::time::timeout(FAREWELL, closed).await;
    if leaving.leave(FAREWELL).await {
        return;
    }
    let left = tokio::task::spawn_blocking(move || ledger::tell(&spool, &reporter)).await.unwrap_or_default();
    if left > 0 {
        tracing::warn!(
            code = "usage_left",
            entries = left,
            "the ledger did not take all: the lines before this one hold it, and outrigger usage import takes them"
        );
    }
}

/// The link has a thread and a runtime of its own, so that applying a large policy makes no request wait.
fn follow(ledger: Option<(Ledger, Asked)>, exporter: Option<(Exporter, Asked)>, mut link: Link) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some((ledger, asked)) = ledger {
        runtime.spawn(ledger.run(asked));
    }
    if let Some((exporter, asked)) = exporter {
        runtime.spawn(exporter.run(asked));
    }
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
