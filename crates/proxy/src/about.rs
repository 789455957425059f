//! Whom a sidecar runs beside, as its control plane knows: nothing that is decided by, only what is told with it.

use serde_json::{Value, json};

/// A workload. What is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Its namespace.
    pub namespace: Option<Box<str>>,
    /// What its pods belong to, for instance a Deployment's name.
    pub owner: Option<Box<str>>,
    /// The account it runs under.
    pub service_account: Option<Box<str>>,
    /// Whose it is.
    pub team: Option<Box<str>>,
}

impl About {
    /// As our own pages show it.
    pub(crate) fn to_json(&self) -> Value {
        let Self { namespace, owner, service_account, team } = self;
        json!({"namespace": namespace, "owner": owner, "service_account": service_account, "team": team})
    }

    /// The labels of its series: no label and an empty one are the same.
    pub(crate) fn labels(&self) -> [&str; 4] {
        let Self { namespace, owner, service_account, team } = self;
        [namespace, owner, service_account, team].map(|known| known.as_deref().unwrap_or_default())
    }
}
