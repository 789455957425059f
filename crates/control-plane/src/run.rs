//! `outrigger-control-plane --policy DIR --state DIR`, or `--kubernetes`: the wiring, top to bottom.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, bail};
use outrigger_catalog::Catalog;
use outrigger_telemetry::logging;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    admin::{self, Pages},
    config::RunArgs,
    fingerprint::Fingerprints,
    fleet::Fleet,
    identity::{self, Tokens},
    metrics::Metrics,
    publish::Publisher,
    push::{self, People, Service},
    roster::Roster,
    source::{self, Standing},
    state::State,
    tls::{Authority, Serving},
};

/// How often the state folder is looked at: what is revoked there ends within two seconds.
const LOOK: Duration = Duration::from_millis(500);
/// How often samples go into their buckets, and the certificate's age is looked at.
const UPKEEP: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<()> {
    logging::init(args.log_format.into(), &args.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.threads.max(1))
        .thread_name("control-plane")
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(serve(args));
    runtime.shutdown_background();
    done
}

async fn serve(args: RunArgs) -> anyhow::Result<()> {
    // Signals first: one that comes during start-up must not be lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let now = SystemTime::now();
    let (Some(policy), Some(state)) = (&args.folder.policy, &args.folder.state) else { bail!("not yet") };
    let state = State::open(state)?;
    let tokens = Arc::new(Tokens::open(state.clone(), now)?);
    // Without TLS, too: what people are shown of keys is derived from it.
    let authority = Authority::open(&state, now)?;
    let fingerprints = Arc::new(Fingerprints::of_secret(authority.seed()));
    let serving = match args.insecure {
        true if !args.listen.ip().is_loopback() => {
            bail!("--insecure sends provider keys in clear: it is for loopback alone, not for {}", args.listen)
        }
        true => None,
        false => Some(Serving::new(authority, &args.tls_names, now)?),
    };
    let tls = serving.as_ref().map(|serving| serving.config().map(TlsAcceptor::from)).transpose()?;

    let listener = bind(args.listen, "--listen").await?;
    let pages = bind(args.admin_listen, "--admin-listen").await?;
    let (listen, admin) = (listener.local_addr()?, pages.local_addr()?);

    let (metrics, fleet, standing) = (Arc::new(Metrics::new()?), Arc::new(Fleet::default()), Arc::new(Standing::new()));
    let catalog = Arc::new(Catalog::embedded());
    let publisher = Arc::new(Publisher::new(catalog.clone(), fleet.clone(), metrics.clone()));
    let worlds = source::follow_folder(policy, catalog, args.system_namespace, standing.clone(), metrics.clone())?;
    if let Some(world) = worlds.borrow().clone() {
        publisher.publish(world);
    }
    let publishing = tokio::spawn(publish(worlds, publisher.clone()));

    let roster = Arc::new(Roster::new(fleet.clone(), standing.clone(), fingerprints));
    let service = Service {
        authority: identity::Authority::Issued(tokens.clone()),
        publisher,
        fleet: fleet.clone(),
        metrics: metrics.clone(),
        peers: None,
        people: People::new(None, roster.clone()),
        check_delay: args.check_delay,
    };
    tokio::spawn(push::accept(listener, tls, Arc::new(service), args.most_sidecars));
    let shown = Pages { fleet: fleet.clone(), metrics: metrics.clone(), standing, roster, serving: serving.clone() };
    tokio::spawn(admin::accept(pages, Arc::new(shown)));
    tokio::spawn(watch_tokens(tokens, fleet));
    tokio::spawn(upkeep(serving, metrics));
    if let Some(path) = &args.ready_file {
        write_ready(path, listen, admin)?;
    }
    tracing::info!(%listen, %admin, "the control plane listens");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = publishing => bail!("the policy folder is followed no more: this is a bug; start it again"),
    }
    tracing::info!("leaving; sidecars go on with what they hold");
    Ok(())
}

/// Every world of the source, one after the other.
async fn publish(
    mut worlds: tokio::sync::watch::Receiver<Option<Arc<outrigger_compile::World>>>,
    publisher: Arc<Publisher>,
) {
    while let Some(world) = source::next(&mut worlds).await {
        let publisher = publisher.clone();
        // Compiling takes milliseconds that no stream should wait for.
        if let Err(error) = tokio::task::spawn_blocking(move || publisher.publish(world)).await {
            // A bug of ours that this edit brought out: the next one has its own chance.
            tracing::error!(code = "policy_rejected", %error, "compiling it failed; what was served before goes on");
        }
    }
}

/// Ends the streams whose tokens are revoked, whose keys are gone.
async fn watch_tokens(tokens: Arc<Tokens>, fleet: Arc<Fleet>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let reading = tokens.clone();
        let changed = tokio::task::spawn_blocking(move || reading.reload_if_changed()).await;
        match changed {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => {
                let ended = fleet.recheck(|token| tokens.recheck(token, SystemTime::now()));
                tracing::info!(ended, "keys or revocations have changed");
            }
            Ok(Err(error)) => tracing::error!(code = "state_broken", "{error:#}"),
            Err(error) => tracing::error!(code = "state_broken", %error, "reading the state folder failed"),
        }
    }
}

async fn upkeep(serving: Option<Arc<Serving>>, metrics: Arc<Metrics>) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.upkeep();
        let now = SystemTime::now();
        if let Some(serving) = serving.as_ref().filter(|serving| now >= serving.renew_at()) {
            match serving.renew(now) {
                Ok(()) => tracing::info!("the serving certificate was renewed"),
                Err(error) => tracing::error!(code = "certificate_not_renewed", "{error:#}"),
            }
        }
    }
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}: choose another with {flag}"))
}

/// Whoever waits for the file must not read half of it: it is renamed into place.
fn write_ready(path: &Path, listen: SocketAddr, admin: SocketAddr) -> anyhow::Result<()> {
    let json = serde_json::json!({"listen": listen.to_string(), "admin": admin.to_string()});
    let partial = path.with_extension("partial");
    std::fs::write(&partial, json.to_string())
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write the ready file {}", path.display()))
}
