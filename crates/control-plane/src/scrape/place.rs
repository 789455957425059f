//! Where a sidecar shows what it counts: at an address that is its own, whatever it says.

use std::net::SocketAddr;

use outrigger_cluster::probes::Probes;

use crate::{fleet::Connection, identity::Stands};

/// How addresses are found.
#[derive(Debug)]
pub(crate) enum Places {
    /// The address that its stream comes from, and the port that it says: a sidecar has nobody else asked.
    Peers,
    /// The address of its pod, as the API server tells it: a stream may come through somebody else.
    Pods(Probes),
}

impl Places {
    /// Where this one's pages are; `None`: nobody knows.
    pub(super) async fn of(&self, connection: &Connection) -> Option<SocketAddr> {
        let said = connection.hello().and_then(|hello| hello.probe_port);
        match self {
            Self::Peers => Some((connection.peer?, said?).into()),
            Self::Pods(probes) => {
                if let Some(known) = connection.place.get() {
                    return Some(*known);
                }
                let (Stands::Pod(uid), Some((namespace, name))) =
                    (&connection.token.stands, connection.token.id.split_once('/'))
                else {
                    return None;
                };
                match probes.find(namespace, name, uid, said).await {
                    // A pod keeps its address for as long as it lives.
                    Ok(found) => found.inspect(|at| {
                        let _ = connection.place.set(*at);
                    }),
                    Err(why) => {
                        tracing::debug!(namespace, pod = name, "where it is is not known: {why}");
                        None
                    }
                }
            }
        }
    }
}
