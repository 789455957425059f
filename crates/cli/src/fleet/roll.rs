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

    /// This and what another replica says, in order.
    pub(super) fn with(self, other: Self) -> Self {
        let Self { sidecars, unsure, policy, next: _, said, said_of_policy } = self;
        let (mut sidecars, mut said) = (sidecars, said);
        sidecars.extend(other.sidecars);
        said.extend(other.said);
        let mut both: Vec<(Sidecar, Value)> = sidecars.into_iter().zip(said).collect();
        both.sort_by(|(left, _), (right, _)| left.order().cmp(&right.order()));
        let (sidecars, said) = both.into_iter().unzip();
        // All follow the same source: whoever has something to say of it is heard.
        let (policy, said_of_policy) = match policy.is_good() {
            true => (other.policy, other.said_of_policy),
            false => (policy, said_of_policy),
        };
        Self { sidecars, unsure: unsure + other.unsure, policy, next: None, said, said_of_policy }
    }

    /// As it was said, in one.
    pub(super) fn value(&self) -> Value {
        json!({"sidecars": self.said, "policy": self.said_of_policy, "unsure": self.unsure})
    }
}

impl Policy {
    fn is_good(&self) -> bool {
        self.pending.is_none() && self.stale.is_none() && self.problems.is_empty()
    }
}

impl Sidecar {
    /// As a control plane orders them: by namespace, by what they belong to, by themselves.
    fn order(&self) -> impl Ord + use<'_> {
        (&self.namespace, self.owner.as_ref().unwrap_or(&self.service_account), &self.pod, &self.token, &self.instance)
    }

    /// Whether it holds what it should, all of it.
    pub(super) fn is_good(&self) -> bool {
        self.current && self.rejections.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(pods: &[&str], policy: Value) -> Roll {
        let sidecars: Vec<Value> = pods.iter().map(|pod| json!({"namespace": "shop", "pod": pod, "x": 1})).collect();
        let mut roll = Roll::default();
        roll.add(json!({"sidecars": sidecars, "unsure": 1, "policy": policy}).to_string().as_bytes()).unwrap();
        roll
    }

    /// Each replica has sidecars of its own, and one that has trouble with its source is heard.
    #[test]
    fn what_replicas_say_is_one_roll() {
        let bad = json!({"problems": ["broken"]});
        for (left, right) in [(json!({}), bad.clone()), (bad.clone(), json!({}))] {
            let roll = of(&["a", "d"], left).with(of(&["b"], right)).with(of(&[], json!({})));
            let names: Vec<_> = roll.sidecars.iter().filter_map(|it| it.pod.clone()).collect();
            assert_eq!((names.join(" "), roll.unsure), ("a b d".to_owned(), 3));
            assert_eq!(roll.value()["policy"], bad);
            assert_eq!(roll.value()["sidecars"][1], json!({"namespace": "shop", "pod": "b", "x": 1}));
        }
    }
}
