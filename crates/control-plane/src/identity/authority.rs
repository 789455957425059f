//! Who decides who a sidecar is.

use std::{sync::Arc, time::SystemTime};

use outrigger_compile::Workload;

use super::{Account, Identity, InCluster, Refused, Token, Tokens};

/// Shared by every call.
#[derive(Clone, Debug)]
pub(crate) enum Authority {
    /// The keys of the state folder, outside Kubernetes.
    Issued(Arc<Tokens>),
    /// The API server.
    Cluster(Arc<InCluster>),
}

impl Authority {
    /// Who holds this token.
    pub(crate) async fn verify(&self, token: &str, now: SystemTime) -> Result<Identity, Refused> {
        match self {
            Self::Issued(tokens) => tokens.verify(token, now),
            Self::Cluster(cluster) => cluster.verify(token, now).await,
        }
    }

    /// Whether a token that was good still is, as far as is known without asking anybody.
    pub(crate) fn recheck(&self, token: &Token, now: SystemTime) -> Result<(), Refused> {
        match self {
            Self::Issued(tokens) => tokens.recheck(token, now),
            Self::Cluster(cluster) => cluster.recheck(token, now),
        }
    }

    /// A stream is open now for whom its token was taken for a moment ago.
    pub(crate) fn joined(&self, token: &Token, workload: &Workload, account: &Account) {
        match self {
            // What a token says of its workload never changes.
            Self::Issued(_) => {}
            Self::Cluster(cluster) => cluster.joined(token, workload, account),
        }
    }
}
