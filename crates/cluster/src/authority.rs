//! How sidecars in a cluster know the control plane: authorities in a Secret, their certificates in a ConfigMap of each
//! namespace that has sidecars.
//!
//! What to do at which time is pure ([`phase`]); what the Secret says is [`document`]. [`secret`] and [`spread`] do
//! it: every replica follows the Secret and signs its own serving certificate; the one that leads changes it and writes the
//! bundles. Without an API server, what is known goes on. [`served`] stands in for all of it where somebody else issues.
//!
//! Making an authority is for whoever knows how certificates are made: it is handed in as [`Make`].

mod document;
mod known;
mod phase;
mod secret;
mod served;
mod spread;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, convert::Infallible, fmt, future::Future};

pub use document::{Document, Issuer, Made};
pub use known::{INJECTOR, Known, Make, Material, NAME, Served};
pub use phase::Timing;
use tokio::sync::watch;

use crate::Cluster;
pub use crate::spread::Report;

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
    /// The control plane does, whose Secret is read and never changed.
    Theirs,
    /// Somebody else, who puts them into this `kubernetes.io/tls` Secret of the control plane's namespace.
    Secret(String),
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
                secret::Keeper::new(&cluster, name, timing, Some(make), known).run(leading, reports).await
            }
            Source::Theirs => {
                secret::Keeper::new(&cluster, name, Timing::default(), None, known).run(leading, reports).await
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
            Self::Theirs => f.write_str("Theirs"),
            Self::Secret(name) => f.debug_tuple("Secret").field(name).finish(),
        }
    }
}
