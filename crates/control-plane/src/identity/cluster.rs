//! Who a sidecar is in a cluster: its pod's token, which the API server reviews, and what is known of that pod. What the
//! sidecar says of itself is not asked for.

use std::time::SystemTime;

use outrigger_cluster::{
    Pods, Reviewer,
    pods::{Missing, Pod, Standing},
    review::{Refusal, Reviewed},
};
use outrigger_compile::Workload;

use super::{Account, Identity, Refused, Stands, Token};

/// The API server, and the pods of its cluster.
#[derive(Debug)]
pub(crate) struct InCluster {
    pub(crate) reviewer: Reviewer,
    pub(crate) pods: Pods,
}

impl InCluster {
    /// Who holds this token.
    pub(super) async fn verify(&self, token: &str, now: SystemTime) -> Result<Identity, Refused> {
        if token.is_empty() {
            return Err(Refused::Missing);
        }
        let reviewed = self.reviewer.review(token, now).await?;
        let Reviewed { namespace, service_account, pod, uid, expires, key: _ } = reviewed;
        let pod = self.pods.find(&namespace, &pod, &uid).await.map_err(missing)?;
        let id = format!("{}/{}", pod.namespace, pod.name).into();
        let token = Token { expires, id, stands: Stands::Pod(pod.uid.clone()) };
        let (workload, account) = who(&pod, &service_account);
        Ok(Identity { workload, account, token })
    }

    /// Whether a token that was good still is, as far as is known.
    pub(super) fn recheck(&self, token: &Token, now: SystemTime) -> Result<(), Refused> {
        let Stands::Pod(uid) = &token.stands else { return Err(Refused::NotBound) };
        match self.pods.standing(uid) {
            _ if now >= token.expires => Err(Refused::Expired),
            Standing::Gone => Err(Refused::PodGone),
            // One that is known no more was not said to be gone.
            Standing::Known(_) | Standing::Unknown => Ok(()),
        }
    }

    /// Who holds a token now that was taken for `workload`'s.
    pub(crate) async fn again(&self, token: &Token, workload: &Workload) -> Result<(Workload, Account), Refused> {
        let Stands::Pod(uid) = &token.stands else { return Err(Refused::NotBound) };
        let name = token.id.split_once('/').map_or("", |(_, name)| name);
        let pod = self.pods.find(&workload.namespace, name, uid).await.map_err(missing)?;
        Ok(who(&pod, &workload.service_account))
    }

    /// A stream is open for `workload`: has it looked at again if its pod has become another meanwhile, of which nobody was
    /// told who knew of the stream.
    pub(super) fn joined(&self, token: &Token, workload: &Workload, account: &Account) {
        let Stands::Pod(uid) = &token.stands else { return };
        let Standing::Known(pod) = self.pods.standing(uid) else { return };
        let now = who(&pod, &workload.service_account);
        if (&now.0, &now.1) != (workload, account) {
            self.pods.look_again(uid);
        }
    }
}

/// Whose policy is a pod's, and to whom it is counted.
fn who(pod: &Pod, service_account: &str) -> (Workload, Account) {
    let workload = Workload {
        namespace: pod.namespace.as_ref().to_owned(),
        service_account: service_account.to_owned(),
        labels: pod.labels.to_map(),
    };
    (workload, Account { owner: Some(pod.owner.clone()), team: pod.team.clone() })
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed => Self::Malformed,
            Refusal::NotAuthenticated => Self::NotAuthenticated,
            Refusal::WrongAudience => Self::WrongAudience,
            Refusal::NotBound => Self::NotBound,
            Refusal::Expired => Self::Expired,
            Refusal::Unavailable => Self::ReviewUnavailable,
            Refusal::Busy { retry_after } => Self::Busy { retry_after },
        }
    }
}

fn missing(missing: Missing) -> Refused {
    match missing {
        Missing::Gone => Refused::PodGone,
        Missing::Unknown => Refused::PodUnknown,
        Missing::Busy { retry_after } => Refused::Busy { retry_after },
    }
}
