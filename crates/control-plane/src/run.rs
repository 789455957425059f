//! `outrigger-control-plane --policy DIR --state DIR`, or `--kubernetes`: the wiring, top to bottom.

mod cluster;
mod folder;
mod house;
mod listeners;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, bail};
use outrigger_fleet_metrics::Limits;
use outrigger_telemetry::{logging, private};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use house::{House, Origin};
use listeners::Listeners;

use crate::{
    admin::{self, Pages},
    config::{MetricsFrom, RunArgs},
    desk::Desk,
    metrics::Metrics,
    publish::Publisher,
    push::{self, People, Service},
    ready, reviews,
    roster::Roster,
    scrape::Scraper,
    source::{self, Worlds},
    tls::Serving,
    webhook::Webhook,
};

/// How often samples go into their buckets, and the certificate's age is looked at.
const UPKEEP: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<()> {
    private::keep().context("cannot keep its memory to itself")?;
    let _log = logging::init(args.log_format.into(), &args.log);
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
    // Unheard, it would end the process (H20).
    let _hangup = signal(SignalKind::hangup())?;
    let listeners = Listeners::bind(&args).await?;
    let addresses = listeners.addresses()?;
    let Listeners { sidecars, pages, probe, webhook } = listeners;

    let house = House::new()?;
    let origin = match args.cluster.is_cluster() {
        true => cluster::origin(&args, &house).await?,
        false => folder::origin(&args, &house)?,
    };
    let Origin { authority, places, serving, worlds, outlook, access, peers, lease } = origin;
    let House { catalog, metrics, fleet, standing, publisher, fingerprints } = house;
    let tls = serving.as_ref().map(|serving| serving.config().map(TlsAcceptor::from)).transpose()?;
    if let Some(world) = worlds.borrow().clone() {
        publisher.publish(world);
    }
    let publishing = tokio::spawn(publish(worlds.clone(), publisher.clone()));

    let scraper = (args.metrics_from == MetricsFrom::ControlPlane).then(|| {
        let limits = Limits { series: args.fleet_series, ..Limits::default() };
        Scraper::start(fleet.clone(), places, metrics.clone(), args.scrape_interval, limits)
    });
    let roster = Arc::new(Roster::new(fleet.clone(), standing.clone(), fingerprints));
    let desk = Arc::new(Desk::new(roster, outlook.clone(), catalog, worlds, fleet.clone(), scraper.clone()));
    let service = Service {
        authority,
        publisher,
        fleet: fleet.clone(),
        metrics: metrics.clone(),
        peers,
        people: People::new(access, desk.clone()),
        check_delay: args.check_delay,
    };
    tokio::spawn(push::accept(sidecars, tls, Arc::new(service), args.most_sidecars));
    let shown = Arc::new(Pages { fleet, metrics: metrics.clone(), scraper, standing, desk, serving: serving.clone() });
    if let Some(probe) = probe {
        tokio::spawn(outrigger_probe::serve(probe, shown.clone()));
    }
    tokio::spawn(admin::accept(pages, shown));
    if let (Some(listener), Some(serving)) = (webhook, &serving) {
        let tls = TlsAcceptor::from(serving.webhook_config()?);
        // An edit of which nobody says what it means is allowed all the same: this one need not linger.
        let (_, stays) = tokio::sync::watch::channel(reviews::Stage::Staying);
        tokio::spawn(reviews::accept(listener, tls, Arc::new(Webhook::new(outlook, metrics.clone())), stays));
    }
    tokio::spawn(upkeep(serving, metrics));
    if let Some(path) = &args.ready_file {
        ready::write(path, &addresses)?;
    }
    tracing::info!(%addresses, "the control plane listens");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = publishing => bail!("policy is followed no more: this is a bug; start it again"),
    }
    tracing::info!("leaving; sidecars go on with what they hold");
    if let Some(lease) = lease {
        lease.release().await;
    }
    Ok(())
}

/// Every world of the source, one after the other.
async fn publish(mut worlds: Worlds, publisher: Arc<Publisher>) {
    while let Some(world) = source::next(&mut worlds).await {
        let publisher = publisher.clone();
        // Compiling takes milliseconds that no stream should wait for.
        if let Err(error) = tokio::task::spawn_blocking(move || publisher.publish(world)).await {
            // A bug of ours that this edit brought out: the next one has its own chance.
            tracing::error!(code = "policy_rejected", %error, "compiling it failed; what was served before goes on");
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
