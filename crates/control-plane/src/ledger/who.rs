//! Whose sidecar it is that books: what its token says, and nothing that the sidecar says.
//!
//! In a cluster the API server is asked about the token, and about nothing else: the control plane wants to know a pod's
//! labels, and for the books its namespace and account are enough. A pod that is gone takes its token along.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use outrigger_cluster::{Reviewer, review::Reviewed};

use crate::identity::{Refused, Tokens};

/// How often the state folder is looked at: what is revoked there counts no more within two seconds.
const LOOK: Duration = Duration::from_millis(500);

/// Who decides it. Shared by every call.
#[derive(Debug)]
pub(super) enum Who {
    /// The keys of the state folder, outside Kubernetes.
    Issued(Arc<Tokens>),
    /// The API server.
    Cluster(Box<Reviewer>),
}

/// Whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) namespace: Arc<str>,
    pub(super) service_account: Arc<str>,
}

impl Who {
    /// Who holds this token.
    pub(super) async fn verify(&self, token: Option<&str>, now: SystemTime) -> Result<Account, Refused> {
        let token = token.filter(|token| !token.is_empty()).ok_or(Refused::Missing)?;
        match self {
            Self::Issued(tokens) => {
                let workload = tokens.verify(token, now)?.workload;
                Ok(Account { namespace: workload.namespace.into(), service_account: workload.service_account.into() })
            }
            Self::Cluster(reviewer) => {
                let Reviewed { namespace, service_account, .. } = reviewer.review(token, now).await?;
                Ok(Account { namespace, service_account })
            }
        }
    }
}

/// Keeps up with what is revoked.
pub(super) async fn follow(tokens: Arc<Tokens>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let reading = tokens.clone();
        match tokio::task::spawn_blocking(move || reading.reload_if_changed()).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => tracing::info!("keys or revocations have changed"),
            Ok(Err(error)) => tracing::error!(code = "state_broken", "{error:#}"),
            Err(error) => tracing::error!(code = "state_broken", %error, "reading the state folder failed"),
        }
    }
}
