//! What a control plane says of its sidecars. What it says and we do not know is kept for whoever wants JSON.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Roll {
    pub(super) sidecars: Vec<Sidecar>,
    /// Sidecars of which it is not known whether they hold what was asked for.
    pub(super) unsure: u64,
    pub(super) policy: Policy,
    /// What to ask for next.
    pub(super) next: Option<String>,
    said: Vec<Value>,
    said_of_policy: Value,
}

/// One sidecar.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Sidecar {
    pub(super) namespace: String,
    /// What its pod belongs to.
    pub(super) owner: Option<String>,
    pub(super) service_account: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) team: Option<String>,
    /// The name of its pod; or of its token, without one.
    pub(super) pod: Option<String>,
    pub(super) token: String,
    pub(super) instance: String,
    pub(super) version: String,
    pub(super) revision: String,
    pub(super) current: bool,
    pub(super) behind_since_unix: Option<u64>,
    pub(super) rejections: Vec<Rejection>,
    pub(super) credentials: Option<BTreeMap<String, String>>,
    pub(super) kept: Vec<String>,
}

/// Something that it did not apply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rejection {
    pub(super) key: String,
    pub(super) code: String,
    pub(super) reason: String,
}

/// How the source of the policy stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Policy {
    pub(super) pending: Option<String>,
    pub(super) stale: Option<Stale>,
    pub(super) problems: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stale {
    pub(super) reason: String,
}

#[derive(Deserialize)]
struct Part {
    sidecars: Vec<Value>,
    #[serde(rename = "continue")]
    next: Option<String>,
    unsure: Option<u64>,
    #[serde(default)]
    policy: Value,
}

impl Roll {
    /// One answer more.
    ///
    /// # Errors
    ///
    /// If it is none of a control plane.
    pub(super) fn add(&mut self, answer: &[u8]) -> anyhow::Result<()> {
        let none = "the answer is none of a control plane: does --from name one?";
        let Part { sidecars, next, unsure, policy } = serde_json::from_slice(answer).context(none)?;
        for said in sidecars {
            self.sidecars.push(Sidecar::deserialize(&said).context(none)?);
            self.said.push(said);
        }
        self.unsure = unsure.unwrap_or_default();
        self.policy = Policy::deserialize(&policy).context(none)?;
        (self.said_of_policy, self.next) = (policy, next);
        Ok(())
    }

    /// As it was said, in one.
    pub(super) fn value(&self) -> Value {
        json!({"sidecars": self.said, "policy": self.said_of_policy, "unsure": self.unsure})
    }
}

impl Sidecar {
    /// Whether it holds what it should, all of it.
    pub(super) fn is_good(&self) -> bool {
        self.current && self.rejections.is_empty()
    }
}
