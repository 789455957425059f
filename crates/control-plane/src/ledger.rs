//! `outrigger-control-plane ledger`: books what sidecars tell, and answers who asks what it cost. A workload of its own in the
//! same image, so that the control plane's replicas hold nothing that must not be lost.
//!
//! ```text
//! door       who is answered: sidecars by gRPC, people by HTTP, on one port; on this machine without a token
//! who        whose sidecar it is        readers   which people may ask, and about whom
//! append     one call                   batch     what may be in it; pure
//! line       who may stand in line      upkeep    what has to be done now and then
//! questions  the pages                  told      the same as JSON, and in OpenRouter's shapes; pure
//! metrics    what was counted      program   what every call and question may reach
//! ```
//!
//! The books themselves are `outrigger_ledger`'s.

mod append;
mod batch;
mod door;
mod line;
mod metrics;
mod program;
mod questions;
mod readers;
mod told;
mod upkeep;
mod who;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, bail};
use outrigger_cluster::{
    Cluster, Reviewer,
    access::Access,
    authority::{self, Source},
    review::ApiServer,
};
use outrigger_ledger::{Ledger, Settings, Store};
use outrigger_telemetry::{logging, private};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

pub(crate) use metrics::FAMILIES;

use crate::{
    config::LedgerArgs,
    identity::Tokens,
    injector, push, ready,
    state::State,
    tls::{self, Authority, Serving},
};
use line::Line;
use metrics::Metrics;
use program::Program;
use readers::Readers;
use who::Who;

/// How long what is under way may take when we end: with it the books are closed well within the time that the chart gives.
const LAST: Duration = Duration::from_secs(10);

/// Who decides who somebody is, and by what we are known.
struct Origin {
    who: Who,
    readers: Readers,
    serving: Option<Arc<Serving>>,
}

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: LedgerArgs) -> anyhow::Result<()> {
    private::keep().context("cannot keep its memory to itself")?;
    let _log = logging::init(args.log_format.into(), &args.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.threads.max(1))
        .thread_name("ledger")
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(Box::pin(serve(args)));
    runtime.shutdown_background();
    done
}

async fn serve(args: LedgerArgs) -> anyhow::Result<()> {
    // Signals first: one that comes during start-up must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Unheard, it would end the process (H20).
    let _hangup = signal(SignalKind::hangup())?;
    let store: Store = args.store.0.parse().context("--store")?;
    let sidecars = bind(args.listen, "--listen").await?;
    let pages = bind(args.admin_listen, "--admin-listen").await?;
    let probe = args.probe_listen.map(outrigger_probe::bind).transpose()?;
    // Before anybody is answered: two processes on one file would each believe that it is theirs.
    let silent_ms = i64::try_from(args.silent.as_millis()).unwrap_or(i64::MAX);
    let settings = Settings { silent_ms, ..Settings::default() };
    let books = Ledger::open(&store, settings).await.context("cannot open the books")?;
    let Origin { who, readers, serving } = match args.is_cluster() {
        true => cluster(&args).await?,
        false => folder(&args)?,
    };
    let tls = serving.as_ref().map(|serving| serving.config().map(TlsAcceptor::from)).transpose()?;
    let file = match store {
        Store::Sqlite(file) => Some(file),
        Store::Postgres(_) => None,
    };
    let program = Arc::new(Program {
        who,
        readers,
        line: Line::new(),
        books: books.clone(),
        file,
        metrics: Metrics::new()?,
        serving,
        asking: Semaphore::new(questions::AT_ONCE),
        repricing: Arc::default(),
        away: Mutex::default(),
    });
    let addresses = serde_json::json!({
        "listen": sidecars.local_addr()?.to_string(),
        "admin": pages.local_addr()?.to_string(),
        "probe": probe.as_ref().map(TcpListener::local_addr).transpose()?.map(|it| it.to_string()),
    });
    let serving = tokio::spawn(push::accept(sidecars, tls, program.clone(), args.most_sidecars));
    if let Some(probe) = probe {
        tokio::spawn(outrigger_probe::serve(probe, program.clone()));
    }
    tokio::spawn(door::pages(pages, program.clone()));
    tokio::spawn(upkeep::run(program.clone()));
    if let Some(path) = &args.ready_file {
        ready::write(path, &addresses)?;
    }
    tracing::info!(%addresses, "the ledger listens");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("leaving; sidecars keep what they have to tell until it is back");
    serving.abort();
    if tokio::time::timeout(LAST, books.shut()).await.is_err() {
        tracing::warn!("the books could not be closed in time; what was answered is on disk all the same");
    }
    Ok(())
}

/// In Kubernetes: the API server says who somebody is. The certificate is one of the control plane's authority, whose bundle
/// sidecars have: we follow its Secret, and never change it.
async fn cluster(args: &LedgerArgs) -> anyhow::Result<Origin> {
    let cluster = Cluster::connect(args.kubeconfig.as_deref(), args.system_namespace.clone()).await?;
    let mut names = args.tls_names.clone();
    names.extend(tls::service_names(&args.service, cluster.namespace())?);
    let serving = Serving::pending_for(&names, args.timing().serving)?;
    let source = match &args.tls_secret {
        Some(name) => Source::Secret(name.clone()),
        None => Source::Theirs,
    };
    let (follows, leading) = watch::channel(false);
    let (told, reports) = watch::channel(authority::Report::default());
    let (known, keeping) = authority::keep(&cluster, authority::NAME, source, leading, reports);
    tokio::spawn(async move {
        let _held = (follows, told);
        keeping.await
    });
    tokio::spawn(injector::follow(known, serving.clone()));
    Ok(Origin {
        who: Who::Cluster(Box::new(Reviewer::new(ApiServer::new(cluster.client())))),
        readers: Readers::Cluster(Access::new(&cluster)),
        serving: Some(serving),
    })
}

/// Outside Kubernetes: the folder of the control plane says so, and its authority is ours.
fn folder(args: &LedgerArgs) -> anyhow::Result<Origin> {
    let Some(state) = &args.state else { bail!("--state DIR is required, or --kubernetes") };
    let now = SystemTime::now();
    let state = State::open(state)?;
    let tokens = Arc::new(Tokens::open(state.clone(), now)?);
    let serving = match args.insecure {
        true if !args.listen.ip().is_loopback() => {
            bail!("--insecure sends tokens in clear: it is for loopback alone, not for {}", args.listen)
        }
        true => None,
        false => Some(Serving::new(Authority::open(&state, now)?, &args.tls_names, now)?),
    };
    tokio::spawn(who::follow(tokens.clone()));
    let readers = Readers::Issued { tokens: tokens.clone(), system: args.system_namespace.clone() };
    Ok(Origin { who: Who::Issued(tokens), readers, serving })
}

async fn bind(address: std::net::SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}: choose another with {flag}"))
}
