//! Open streams follow their pods: one whose pod is gone ends, one whose pod has other labels goes on with another view.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use outrigger_cluster::pods::{Change, Changed};
use outrigger_compile::Workload;

use crate::{
    fleet::{Connection, Fleet, Seat},
    identity::{Account, InCluster, Refused, Stands},
    publish::Publisher,
};

/// Changes of so long are looked at together: a look goes over all streams.
const PAUSE: Duration = Duration::from_millis(100);
/// When a pod is looked at again of which nobody said anything.
const AGAIN: Duration = Duration::from_secs(1);

/// Has streams follow the pods of `cluster` for ever.
#[allow(dead_code, reason = "started where Kubernetes is the source")]
pub(crate) async fn follow_pods(cluster: Arc<InCluster>, fleet: Arc<Fleet>, publisher: Arc<Publisher>) {
    loop {
        let changed = tokio::select! {
            changed = cluster.pods.changes() => changed,
            // Teams are labels of namespaces, too. Which of them select a policy is the publisher's business.
            () = publisher.namespaces_changed() => Changed::Any,
        };
        let answered = look(changed, &cluster, &fleet, &publisher).await;
        tokio::time::sleep(if answered { PAUSE } else { AGAIN }).await;
    }
}

/// Looks at the streams of pods that have changed; whether all could be.
async fn look(changed: Changed, cluster: &InCluster, fleet: &Fleet, publisher: &Arc<Publisher>) -> bool {
    let (mut moved, mut answered) = (Vec::new(), true);
    for connection in fleet.connections() {
        let Stands::Pod(uid) = &connection.token.stands else { continue };
        let change = match &changed {
            Changed::Any => Some(Change::Altered),
            Changed::Some(some) => some.get(uid).copied(),
        };
        match change {
            None => {}
            Some(Change::Gone) => drop(connection.end(Refused::PodGone)),
            Some(Change::Altered) => {
                let seat = connection.seat();
                let workload = seat.subscription.workload();
                match cluster.again(&connection.token, workload).await {
                    Ok((now, account)) if now == **workload && account == seat.account => {}
                    Ok((now, account)) => moved.push((connection, now, account)),
                    Err(Refused::PodGone) => drop(connection.end(Refused::PodGone)),
                    Err(_) => {
                        answered = false;
                        cluster.pods.look_again(uid);
                    }
                }
            }
        }
    }
    if !moved.is_empty() {
        let publisher = publisher.clone();
        // A view that nobody had is compiled.
        let done = tokio::task::spawn_blocking(move || reseat(moved, &publisher)).await;
        if let Err(error) = done {
            tracing::error!(code = "stream_not_moved", %error, "moving streams to other views failed");
        }
    }
    answered
}

fn reseat(moved: Vec<(Arc<Connection>, Workload, Account)>, publisher: &Publisher) {
    // Pods of one Deployment are relabelled together.
    let mut known = HashMap::new();
    for (connection, workload, account) in moved {
        let subscription = known.entry(workload.clone()).or_insert_with(|| publisher.subscribe(workload));
        match subscription {
            Some(subscription) => {
                tracing::info!(pod = &*connection.token.id, "its labels, owner or team have changed");
                connection.reseat(Seat { subscription: subscription.clone(), account });
            }
            None => tracing::error!(
                code = "stream_not_moved",
                pod = &*connection.token.id,
                "its labels have changed, and its new view cannot be made: it goes on with the one before"
            ),
        }
    }
}
