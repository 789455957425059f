//! A server whose certificate follows what the cluster says: authorities that its replicas keep together, or a certificate
//! that somebody else puts into a Secret.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use outrigger_cluster::{
    Cluster,
    authority::{self, Known, Material, Report, Source, Timing},
};
use rustls::pki_types::ServerName;
use tokio::sync::watch;

use super::{Authority, Serving};
use crate::{fingerprint::Fingerprints, metrics::Metrics, peers::Replicas};

/// How often what failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// A server in a cluster.
#[derive(Debug)]
pub(crate) struct InCluster<'a> {
    pub(crate) cluster: &'a Cluster,
    /// The Secret that somebody else puts the certificate into; without it, the replicas have authorities of their own.
    pub(crate) tls_secret: Option<String>,
    /// The Service under which sidecars reach it, in the control plane's namespace.
    pub(crate) service: &'a str,
    /// Other names under which they do.
    pub(crate) names: &'a [ServerName<'static>],
    pub(crate) timing: Timing,
    /// Whether this replica leads.
    pub(crate) leading: watch::Receiver<bool>,
    /// The namespaces that have sidecars.
    pub(crate) namespaces: watch::Receiver<BTreeSet<String>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) fingerprints: Arc<Fingerprints>,
    pub(crate) replicas: Arc<Replicas>,
}

impl Serving {
    /// A server that shows what the cluster gives it, from when there is something ([`Serving::pending`] says why there is
    /// nothing), and by what it is known. Runs in tasks of its own. [`Serving::renew`] is for whoever calls it for others.
    ///
    /// # Errors
    ///
    /// If a name cannot stand in a certificate.
    pub(crate) fn from_cluster(setup: InCluster<'_>) -> Result<(Arc<Self>, watch::Receiver<Known>)> {
        let InCluster { cluster, tls_secret, service, names, timing, leading, namespaces, .. } = setup;
        let InCluster { metrics, fingerprints, replicas, .. } = setup;
        let mut names = names.to_vec();
        names.extend(service_names(service, cluster.namespace())?);
        let serving = Self::pending_for(&names, timing.serving)?;
        let source = match tls_secret {
            Some(name) => Source::Secret(name),
            None => Source::Own { timing, make: Arc::new(Authority::make) },
        };
        let (known, reports, running) = authority::follow(cluster, source, leading, namespaces);
        tokio::spawn(running);
        tokio::spawn(Follower::new(serving.clone(), metrics, fingerprints, replicas).run(known.clone(), reports));
        Ok((serving, known))
    }
}

/// The names of a Service, as resolvers complete them.
pub(crate) fn service_names(service: &str, namespace: &str) -> Result<Vec<ServerName<'static>>> {
    let ends = ["".to_owned(), format!(".{namespace}"), format!(".{namespace}.svc")];
    let whole = format!(".{namespace}.svc.cluster.local");
    let all = ends.into_iter().chain([whole]).map(|end| format!("{service}{end}"));
    all.map(|name| ServerName::try_from(name.clone()).with_context(|| format!("{name:?} is no DNS name"))).collect()
}

/// Takes over what is known.
pub(super) struct Follower {
    serving: Arc<Serving>,
    metrics: Arc<Metrics>,
    fingerprints: Arc<Fingerprints>,
    replicas: Arc<Replicas>,
    taken: Option<Taken>,
    /// The last complaint, so that the same is not made twice a minute.
    complaint: Option<String>,
}

/// What was taken over last: the certificate that signs, or that is shown.
#[derive(PartialEq, Eq)]
enum Taken {
    Authority(String),
    Certificate(Arc<authority::Served>),
}

impl Follower {
    pub(super) fn new(
        serving: Arc<Serving>,
        metrics: Arc<Metrics>,
        fingerprints: Arc<Fingerprints>,
        replicas: Arc<Replicas>,
    ) -> Self {
        Self { serving, metrics, fingerprints, replicas, taken: None, complaint: None }
    }

    async fn run(mut self, mut known: watch::Receiver<Known>, mut reports: watch::Receiver<Report>) {
        loop {
            let now = known.borrow_and_update().clone();
            self.take(&now, SystemTime::now());
            let (written, refused) = {
                let report = reports.borrow_and_update();
                (report.written, report.refused)
            };
            self.metrics.bundles(written, refused);
            tokio::select! {
                Ok(()) = known.changed() => {}
                Ok(()) = reports.changed() => {}
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// Takes over what is new of `known`. What fails changes nothing, and is tried again.
    pub(super) fn take(&mut self, known: &Known, now: SystemTime) {
        if let Some(why) = &known.why {
            self.serving.wait(why);
        }
        let Some(material) = &known.material else { return };
        let secret = match material {
            Material::Authorities(document) => document.seed(),
            Material::Served(served) => &served.key,
        };
        self.replicas.learn(&known.bundle().unwrap_or_default(), secret.as_bytes());
        let wanted = match material {
            Material::Authorities(document) => Taken::Authority(document.signing().certificate().to_owned()),
            Material::Served(served) => Taken::Certificate(served.clone()),
        };
        if self.taken.as_ref() == Some(&wanted) {
            return;
        }
        self.fingerprints.derive(secret.as_bytes());
        match self.serving.adopt(material, now) {
            Ok(()) => {
                tracing::info!("a new serving certificate is shown");
                (self.taken, self.complaint) = (Some(wanted), None);
            }
            Err(error) => {
                let why = format!("certificate_pending: what the Secret holds cannot be served with: {error:#}");
                self.serving.wait(&why);
                if self.complaint.as_ref() != Some(&why) {
                    tracing::error!(code = "certificate_not_renewed", "{why}");
                    self.complaint = Some(why);
                }
            }
        }
    }
}
