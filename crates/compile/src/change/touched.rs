//! For whom worlds are compared, and for whom something is different.

use serde::{Deserialize, Serialize};

use crate::world::Workload;

/// Most names in one list of a [`Passage`](super::Passage) or a [`Touched`]: they are for people.
pub const LISTED: usize = 32;

/// Somebody who is under policy now, for whom the two worlds are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// What decides what selects it.
    pub workload: Workload,
    /// How people know it: `Deployment/web`.
    pub name: String,
    /// How many sidecars it has.
    pub sidecars: u64,
}

/// One view that is different: the workloads that the same objects select.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Touched {
    /// Their namespace.
    pub namespace: String,
    /// The first [`LISTED`] of them: `Deployment/web`. Empty where nobody is connected: the namespace as a whole.
    pub workloads: Vec<String>,
    /// How many there are.
    pub total: u64,
    /// How many sidecars they have.
    pub sidecars: u64,
}
