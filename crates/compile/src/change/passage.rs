//! One way that requests can go, or cannot any more.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way that is opened or closed, for whom, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passage {
    /// What leads, or led, there.
    pub what: What,
    /// Opened: nothing of it was there before. Closed: nothing of it is left.
    pub whole: bool,
    /// The first [`LISTED`](super::LISTED) targets: `openai/gpt-4o at shop/main`, or models of the one provider.
    pub targets: Vec<String>,
    /// How many targets there are.
    pub total: u64,
    /// Why: `ModelPolicy shop/eu (data_region)`. Empty where nothing more is to be said.
    pub why: String,
    /// Of whom it is true, in order.
    pub namespaces: Vec<String>,
    /// How many workloads are connected of which it is true.
    pub workloads: u64,
    /// How many sidecars they have.
    pub sidecars: u64,
}

/// What callers name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// Everything: a policy above it means nothing.
    Everything,
    /// A `ModelRoute`, `namespace/name`.
    Route(String),
    /// Models by their own names at this provider, `namespace/name`.
    Models(String),
}

/// Names in one line.
const NAMED: usize = 4;

impl Passage {
    /// The targets in a few words.
    pub fn listed(&self) -> String {
        let shown: Vec<&str> = self.targets.iter().take(NAMED).map(String::as_str).collect();
        let more = self.total.saturating_sub(shown.len() as u64);
        let shown = shown.join(", ");
        if more == 0 { shown } else { format!("{shown} and {more} more") }
    }

    /// For whom: `2 workloads with 12 sidecars in shop`, `shop`.
    pub fn for_whom(&self) -> String {
        let Self { namespaces, workloads, sidecars, .. } = self;
        let shown: Vec<&str> = namespaces.iter().take(NAMED).map(String::as_str).collect();
        let more = namespaces.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let places = format!("{}{more}", shown.join(", "));
        match workloads {
            0 => format!("in {places}, where nobody is connected"),
            _ => format!("for {} with {} in {places}", counted(*workloads, "workload"), counted(*sidecars, "sidecar")),
        }
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Route(name) => write!(f, "ModelRoute {name}"),
            Self::Models(provider) => write!(f, "models of {provider}"),
        }
    }
}
