//! The decision log: one JSON object a line on standard output, of requests that were asked about, went badly, or were drawn. What
//! was in question, what removed it, its scores, the attempts, tokens and cost. Never what a prompt or an answer says.
//!
//! Where it is off a request finds that out once.

pub(crate) mod line;
mod which;
pub(crate) mod words;

use std::time::Duration;

use http::HeaderMap;
use outrigger_route::{Candidate, NoRoute, Plan, reason::Removed};
use outrigger_telemetry::lines::Lines;

pub use which::Which;

use crate::headers::LOG_DECISION;

/// Most candidates, and most that were removed, in one line; how many more there were is said.
const LISTED: usize = 64;

/// Where decisions are told.
#[derive(Debug)]
pub(crate) struct Decisions {
    which: Which,
    lines: Lines,
}

/// What was decided of one request.
#[derive(Debug)]
pub(crate) struct Decided {
    /// It is told however it ends; otherwise only if it does not go well.
    always: bool,
    at: Duration,
    revision: Box<str>,
    ordered_by: &'static str,
    budget: u32,
    candidates: Vec<Candidate>,
    removed: Vec<Removed>,
    /// How many more of both there were.
    more: usize,
}

impl Decisions {
    /// `None`: nothing is told.
    pub(crate) fn open(which: Which) -> Option<Self> {
        (which != Which::Off).then(|| Self { which, lines: Lines::to_stdout("decisions") })
    }

    /// Whether a request with these headers may be told, and whether it is told however it ends. `drawn`: of a million.
    pub(crate) fn asks(&self, headers: &HeaderMap, drawn: u32) -> Option<bool> {
        let asked = headers.get(LOG_DECISION).is_some_and(|value| value == "true");
        match self.which {
            _ if asked => Some(true),
            Which::Off | Which::Asked => None,
            Which::Failures => Some(false),
            Which::Share(share) => (drawn < share).then_some(true),
        }
    }

    /// Tells one.
    pub(crate) fn tell(&self, line: &serde_json::Value) {
        let mut text = line.to_string();
        text.push('\n');
        self.lines.push(text.as_bytes());
    }

    /// How many lines nobody will read.
    pub(crate) fn dropped(&self) -> u64 {
        self.lines.dropped()
    }

    /// Waits a moment for the last lines to be read.
    pub(crate) fn flush(&self) {
        self.lines.flush();
    }
}

impl Decided {
    /// There was somebody to ask.
    pub(crate) fn plan(always: bool, at: Duration, revision: &str, plan: &Plan) -> Self {
        let (candidates, removed) = (&plan.candidates, &plan.removed);
        let beyond = |all: usize| all.saturating_sub(LISTED);
        Self {
            always,
            at,
            revision: revision.into(),
            ordered_by: plan.ordering.as_str(),
            budget: plan.route.failover.attempts,
            candidates: candidates.iter().take(LISTED).cloned().collect(),
            removed: removed.iter().take(LISTED).cloned().collect(),
            more: beyond(candidates.len()) + beyond(removed.len()),
        }
    }

    /// There was nobody.
    pub(crate) fn nobody(at: Duration, revision: &str, why: Option<&NoRoute>) -> Self {
        let removed = match why {
            Some(NoRoute::Filtered { removed }) => removed.as_slice(),
            _ => &[],
        };
        Self {
            always: true,
            at,
            revision: revision.into(),
            ordered_by: "",
            budget: 0,
            candidates: Vec::new(),
            removed: removed.iter().take(LISTED).cloned().collect(),
            more: removed.len().saturating_sub(LISTED),
        }
    }

    /// Whether it is told of a request that went so.
    pub(crate) fn is_told(&self, badly: bool) -> bool {
        self.always || badly
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decisions(which: Which) -> Decisions {
        Decisions { which, lines: Lines::held() }
    }

    fn headers(value: Option<&'static str>) -> HeaderMap {
        value.into_iter().map(|value| (http::HeaderName::from_static(LOG_DECISION), value.parse().unwrap())).collect()
    }

    /// Who asks is told, whatever is drawn; nobody is where it is off.
    #[test]
    fn which_are_told() {
        let of = |which: &str, asked, drawn| decisions(which.parse().unwrap()).asks(&headers(asked), drawn);
        assert!(Decisions::open(Which::Off).is_none());
        assert_eq!([of("asked", None, 0), of("asked", Some("true"), 0)], [None, Some(true)]);
        assert_eq!([of("failures", None, 0), of("failures", Some("true"), 0)], [Some(false), Some(true)]);
        assert_eq!([of("1%", None, 9_999), of("1%", None, 10_000)], [Some(true), None]);
        assert_eq!([of("1%", Some("true"), 10_000), of("1%", Some("no"), 10_000)], [Some(true), None]);
        assert_eq!(of("all", None, 999_999), Some(true));
    }
}
