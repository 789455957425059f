//! `outrigger-control-plane injector`: puts sidecars into pods. A workload of its own, so that pods get theirs whatever
//! becomes of the control plane.
//!
//! ```text
//! review   a review -> patch, warnings, events, what to count     pure, around `outrigger_inject`
//! secrets  which keys a pod's policy uses, where it mounts them
//! door     what an API server is answered
//! metrics  what was counted
//! ```

mod door;
mod metrics;
mod review;
mod secrets;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use outrigger_cluster::{
    Cluster, Profiles,
    authority::{self, Known, Source},
    bare,
    file::Files,
    lease::{self, Lease},
    record::Recorder,
    webhook::{self, MutatingWebhookConfiguration},
};
use outrigger_inject as inject;
use outrigger_telemetry::{logging, private};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    config::{self, InjectorArgs},
    ready,
    reviews::{self, Stage},
    tls::{self, Authority, Serving},
};
pub(crate) use metrics::FAMILIES;
use metrics::Metrics;

/// Who says what is said of pods.
const CONTROLLER: &str = "outrigger.dev/injector";
/// How long whoever is told to end goes on answering, so that API servers and what leads to Services hear of it first.
const LINGER: Duration = Duration::from_secs(5);
/// How often samples go into their buckets, and the certificate's age is looked at.
const UPKEEP: Duration = Duration::from_secs(1);

/// What reviews are answered from.
struct Injector {
    settings: inject::Settings,
    profiles: Profiles,
    files: Files,
    serving: Arc<Serving>,
    metrics: Metrics,
    recorder: Mutex<Recorder>,
    began: Instant,
}

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(args: InjectorArgs) -> anyhow::Result<()> {
    private::keep().context("cannot keep its memory to itself")?;
    let _log = logging::init(args.log_format.into(), &args.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("injector")
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(serve(args));
    runtime.shutdown_background();
    done
}

async fn serve(args: InjectorArgs) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Unheard, it would end the process (H20).
    let _hangup = signal(SignalKind::hangup())?;
    let listen = args.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}: choose another address with --listen"))?;
    let probe = args.probe_listen.map(outrigger_probe::bind).transpose()?;

    let cluster = Cluster::connect(args.kubeconfig.as_deref(), args.system_namespace.clone()).await?;
    let host = config::environment("HOSTNAME").unwrap_or_else(|| "injector".to_owned());
    let holder = lease::holder(&host, fastrand::u64(..));
    let lease = Lease::contend(cluster.client(), cluster.namespace(), lease::INJECTOR, holder);

    let mut names = args.tls_names.clone();
    names.extend(tls::service_names(&args.service, cluster.namespace())?);
    let timing = args.timing();
    let serving = Serving::pending_for(&names, timing.serving)?;
    let source = match &args.tls_secret {
        Some(name) => Source::Secret(name.clone()),
        None => Source::Own { timing, make: Arc::new(Authority::make) },
    };
    let (told, reports) = watch::channel(authority::Report::default());
    let (known, keeping) = authority::keep(&cluster, authority::INJECTOR, source, lease.leading(), reports);
    tokio::spawn(keeping);
    tokio::spawn(follow(known.clone(), serving.clone()));
    let (hooked, name, leading) = (cluster.clone(), args.webhook_configuration.clone(), lease.leading());
    tokio::spawn(
        async move { webhook::keep::<MutatingWebhookConfiguration>(&hooked, name, known, leading, told).await },
    );

    let (count, counted) = watch::channel(bare::Counted::default());
    let leading = lease.leading();
    let recorder = || Recorder::new(cluster.client(), CONTROLLER, host.clone());
    let judges = (is_bare(&args), inject::has_sidecar as bare::HasSidecar);
    tokio::spawn(bare::look(cluster.client(), inject::INJECT, judges, leading, recorder(), count));

    let injector = Arc::new(Injector {
        settings: args.settings(),
        profiles: Profiles::follow(cluster.client()),
        files: Files::new(cluster.client()),
        serving: serving.clone(),
        metrics: Metrics::new(counted)?,
        recorder: Mutex::new(recorder()),
        began: Instant::now(),
    });
    if let Some(path) = &args.ready_file {
        let probe = probe.as_ref().map(TcpListener::local_addr).transpose()?.map(|it| it.to_string());
        ready::write(path, &serde_json::json!({"listen": listener.local_addr()?.to_string(), "probe": probe}))?;
    }
    if let Some(probe) = probe {
        tokio::spawn(outrigger_probe::serve(probe, injector.clone()));
    }
    tokio::spawn(upkeep(injector.clone()));
    let tls = TlsAcceptor::from(serving.webhook_config()?);
    let (stage, stages) = watch::channel(Stage::Staying);
    let answering = tokio::spawn(reviews::accept(listener, tls, injector, stages));
    tracing::info!(%listen, "the injector listens");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("leaving");
    stage.send_replace(Stage::Leaving);
    lease.release().await;
    tokio::time::sleep(LINGER).await;
    stage.send_replace(Stage::Ending);
    let _ = answering.await;
    Ok(())
}

/// Shows what is known of our authority, as it changes.
pub(crate) async fn follow(mut known: watch::Receiver<Known>, serving: Arc<Serving>) {
    loop {
        let now = known.borrow_and_update().clone();
        if let Some(why) = &now.why {
            serving.wait(why);
        }
        if let Some(material) = &now.material
            && let Err(error) = serving.adopt(material, SystemTime::now())
        {
            let why = format!("certificate_pending: what the Secret holds cannot be served with: {error:#}");
            tracing::error!(code = "certificate_not_renewed", "{why}");
            serving.wait(&why);
        }
        if known.changed().await.is_err() {
            return;
        }
    }
}

async fn upkeep(injector: Arc<Injector>) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        injector.metrics.upkeep();
        let now = SystemTime::now();
        if now >= injector.serving.renew_at() {
            match injector.serving.renew(now) {
                Ok(()) => tracing::info!("the serving certificate was renewed"),
                Err(error) => tracing::error!(code = "certificate_not_renewed", "{error:#}"),
            }
        }
    }
}

/// Which pods are to have a sidecar and have none.
fn is_bare(args: &InjectorArgs) -> bare::IsBare {
    let system = args.system_namespace.clone();
    Arc::new(move |pod, namespace, says| inject::is_bare(pod, namespace, says, &system))
}

impl outrigger_probe::Pages for Injector {
    fn metrics(&self) -> String {
        self.metrics.render()
    }

    fn pending(&self) -> Option<String> {
        let profiles =
            (!self.profiles.is_asked()).then(|| "profiles_pending: no SidecarProfile was read yet".to_owned());
        self.serving.pending().or(profiles)
    }
}

#[cfg(test)]
mod tests {
    use outrigger_cluster::{CONFIG_MAPS, authority};

    use super::*;

    /// Pods mount what the control plane writes, and what is uninstalled is all of it: crates that must not know each other
    /// spell the same names.
    #[test]
    fn what_is_mounted_is_what_is_written_and_removed() {
        assert_eq!(inject::BOOTSTRAPS, outrigger_api::bootstrap::MAPS);
        let written: Vec<&str> = [authority::NAME].into_iter().chain(inject::BOOTSTRAPS).collect();
        assert_eq!(written, CONFIG_MAPS);
    }
}
