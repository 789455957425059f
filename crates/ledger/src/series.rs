//! What sums are kept apart by.

use outrigger_api::ledger::{Outcome, Payer, Target};

use crate::sums::Source;

/// What a name becomes that is one too many.
pub(crate) const OTHER: &str = "other";
/// The team of a workload that has none.
const UNASSIGNED: &str = "unassigned";
/// The longest name that is kept, in bytes: a namespace, a slash and a name of Kubernetes fit.
const LONGEST: usize = 320;

/// The words that a sum is kept under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) namespace: String,
    pub(crate) team: String,
    pub(crate) workload: String,
    pub(crate) route: String,
    pub(crate) provider: String,
    pub(crate) vendor: String,
    pub(crate) model: String,
    pub(crate) outcome: &'static str,
    pub(crate) source: &'static str,
}

/// The columns, in the order of [`Series::values`].
pub(crate) const COLUMNS: &str = "namespace, team, workload, route, provider, vendor, model, outcome, source";

impl Series {
    /// The words of an attempt; no target: of a request that had none.
    pub(crate) fn new(
        namespace: &str,
        payer: Option<&Payer>,
        route: &str,
        target: Option<&Target>,
        outcome: &'static str,
        source: Source,
    ) -> Self {
        let team = payer.map_or("", |payer| payer.team.as_str());
        Self {
            namespace: word(namespace),
            team: word(if team.is_empty() { UNASSIGNED } else { team }),
            workload: word(payer.map_or("", |payer| &payer.workload)),
            route: word(route),
            provider: word(target.map_or("", |target| &target.provider)),
            vendor: word(target.map_or("", |target| &target.vendor)),
            model: word(target.map_or("", |target| &target.model)),
            outcome,
            source: source.as_str(),
        }
    }

    /// Without the words that callers and pods choose, of which there may be any number.
    pub(crate) fn folded(&self) -> Self {
        let other = || OTHER.to_owned();
        Self { team: other(), workload: other(), route: other(), model: other(), ..self.clone() }
    }

    /// A hash of all its words.
    pub(crate) fn key(&self) -> u128 {
        let mut all = Vec::with_capacity(256);
        for value in self.values() {
            all.extend_from_slice(value.as_bytes());
            // No word has it.
            all.push(0);
        }
        let hash = outrigger_api::hash(&all);
        hash[..16].iter().fold(0, |key, byte| key << 8 | u128::from(*byte))
    }

    /// In the order of [`COLUMNS`].
    pub(crate) fn values(&self) -> [&str; 9] {
        [
            &self.namespace,
            &self.team,
            &self.workload,
            &self.route,
            &self.provider,
            &self.vendor,
            &self.model,
            self.outcome,
            self.source,
        ]
    }
}

fn word(text: &str) -> String {
    clean(text, LONGEST)
}

/// Without what a store does not take, and no longer than that many bytes.
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(longest));
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if kept.len() + letter.len_utf8() > longest {
            break;
        }
        kept.push(letter);
    }
    kept
}

/// The word for how a request ended.
pub(crate) fn outcome(outcome: i32) -> &'static str {
    match Outcome::try_from(outcome) {
        Ok(Outcome::Ok) => "ok",
        Ok(Outcome::Error) => "error",
        Ok(Outcome::Broken) => "broken",
        Ok(Outcome::Cancelled) => "cancelled",
        Ok(Outcome::Unspecified) | Err(_) => UNKNOWN,
    }
}

/// The word for how a request ended of which that is not known.
pub(crate) const UNKNOWN: &str = "unknown";
