//! How sidecars in a cluster know the control plane: authorities in a Secret, their certificates in a ConfigMap of each
//! namespace that has sidecars.
//!
//! What to do at which time is pure ([`phase`]); what the Secret says is [`document`]. [`secret`] and [`spread`] do
//! it: every replica follows the Secret and signs its own serving certificate; the one that leads changes it and writes the
//! bundles. Without an API server, what is known goes on. [`served`] stands in for all of it where somebody else issues.
//!
//! Making an authority is for whoever knows how certificates are made: it is handed in as [`Make`].

mod document;
mod phase;
mod secret;
mod served;
mod spread;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use document::{Document, Issuer, Made};
pub use phase::Timing;
pub use served::Served;
use tokio::sync::watch;

use crate::Cluster;
pub use crate::spread::Report;

/// The control plane's Secret, and the ConfigMap of each namespace.
pub const NAME: &str = "outrigger-ca";
/// The injector's Secret: whoever holds it can change pods, and nothing else.
pub const INJECTOR: &str = "outrigger-injector-ca";

/// Makes an authority that begins now and lasts so long.
pub type Make = Arc<dyn Fn(SystemTime, Duration) -> anyhow::Result<Made> + Send + Sync>;

/// Who issues the control plane's certificates.
#[derive(Clone)]
pub enum Source {
    /// We do, with authorities made so.
    Own {
        /// How long things last.
        timing: Timing,
        /// Makes one.
        make: Make,
    },
    /// Somebody else, who puts them into this `kubernetes.io/tls` Secret of the control plane's namespace.
    Secret(String),
}

/// What to serve with, and by what it is known.
#[derive(Clone, Debug)]
pub enum Material {
    /// A certificate is to be signed by the one that signs.
    Authorities(Arc<Document>),
    /// A certificate that is there already.
    Served(Arc<Served>),
}

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// `None` until something could be read or made.
    pub material: Option<Material>,
    /// What is wrong: without `material`, why there is none.
    pub why: Option<String>,
}

impl Known {
    /// The certificates by which the control plane is known, as PEM.
    pub fn bundle(&self) -> Option<Arc<str>> {
        Some(match self.material.as_ref()? {
            Material::Authorities(document) => document.bundle().into(),
            Material::Served(served) => served.bundle.clone(),
        })
    }
}

/// Follows the authorities of the control plane, and sees to them while we lead. `namespaces`: those with sidecars. It
/// happens in the future that comes with it, for as long as that is polled.
pub fn follow(
    cluster: &Cluster,
    source: Source,
    leading: watch::Receiver<bool>,
    namespaces: watch::Receiver<BTreeSet<String>>,
) -> (watch::Receiver<Known>, watch::Receiver<Report>, impl Future<Output = Infallible> + Send + use<>) {
    let (report, reports) = watch::channel(Report::default());
    let (knowing, seeing) = keep(cluster, NAME, source, leading.clone(), reports.clone());
    let spreading = spread::run(cluster.clone(), knowing.clone(), leading, namespaces, report);
    let running = async move {
        let spreading = async {
            spreading.await;
            std::future::pending().await
        };
        tokio::select! {
            never = seeing => never,
            never = spreading => never,
        }
    };
    (knowing, reports, running)
}

/// Follows the authorities in the Secret `name`, of whoever is known by them in no namespace: `reports` says who has been
/// told of them. The rest is as with [`follow`].
pub fn keep(
    cluster: &Cluster,
    name: &'static str,
    source: Source,
    leading: watch::Receiver<bool>,
    reports: watch::Receiver<Report>,
) -> (watch::Receiver<Known>, impl Future<Output = Infallible> + Send + use<>) {
    let why = "authority_pending: the API server has not been asked for the authority yet".to_owned();
    let (known, knowing) = watch::channel(Known { material: None, why: Some(why) });
    let cluster = cluster.clone();
    let running = async move {
        match source {
            Source::Own { timing, make } => {
                secret::Keeper::new(&cluster, name, timing, make, known).run(leading, reports).await
            }
            Source::Secret(name) => served::run(cluster, name, known).await,
        }
    };
    (knowing, running)
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own { timing, make: _ } => f.debug_struct("Own").field("timing", timing).finish_non_exhaustive(),
            Self::Secret(name) => f.debug_tuple("Secret").field(name).finish(),
        }
    }
}
