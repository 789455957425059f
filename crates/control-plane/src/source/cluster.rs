//! The cluster that the objects come from, followed.

use std::sync::Arc;

use outrigger_catalog::Catalog;
use outrigger_cluster::{Cluster, Observed, Source};
use outrigger_compile::Severity;
use tokio::sync::watch;

use super::{Standing, Worlds};
use crate::{config::ClusterArgs, metrics::Metrics};

/// What a cluster gives.
pub(crate) struct Followed {
    pub(crate) worlds: Worlds,
    /// Every object, with what was said of it last.
    pub(crate) observed: watch::Receiver<Arc<Vec<Observed>>>,
}

/// Follows the policy of `cluster`, as `args` say.
pub(crate) fn follow(
    cluster: &Cluster,
    catalog: Arc<Catalog>,
    standing: Arc<Standing>,
    metrics: Arc<Metrics>,
    args: &ClusterArgs,
) -> Followed {
    let Source { worlds, observed, standing: says } = Source::follow(cluster, args.only(), args.secret_retry);
    tokio::spawn(follow_standing(says, standing.clone(), metrics.clone()));
    tokio::spawn(judge(worlds.clone(), catalog, standing, metrics));
    Followed { worlds, observed }
}

async fn follow_standing(
    mut says: watch::Receiver<outrigger_cluster::Standing>,
    standing: Arc<Standing>,
    metrics: Arc<Metrics>,
) {
    loop {
        let outrigger_cluster::Standing { pending, stale } = says.borrow_and_update().clone();
        standing.is_pending(pending);
        standing.is_stale(stale.as_deref());
        standing.count(&metrics);
        if says.changed().await.is_err() {
            return;
        }
    }
}

/// Beside the publishing, which nobody should wait with for what is wrong with the rest.
async fn judge(mut worlds: Worlds, catalog: Arc<Catalog>, standing: Arc<Standing>, metrics: Arc<Metrics>) {
    while let Some(world) = super::next(&mut worlds).await {
        let (catalog, of) = (catalog.clone(), world.clone());
        let found = tokio::task::spawn_blocking(move || outrigger_compile::problems(&of, &catalog)).await;
        // A bug of ours that these objects brought out: the next edit has its own chance.
        let Ok(problems) = found else { continue };
        let unread = world.unreadable.iter().map(|it| (Severity::Error, it.reason.clone()));
        standing.found(unread.chain(problems.iter().map(|it| (it.severity, it.to_string()))).collect(), &metrics);
    }
}
