//! The decision log: one JSON object for each request that was asked about, went badly, or was drawn, as a line on standard output
//! or to whoever sends them elsewhere. What was in question, what removed it, its scores, the attempts, tokens and cost. Never what
//! a prompt or an answer says.
//!
//! Where it is off a request finds that out once.

pub(crate) mod line;
mod which;
pub(crate) mod words;

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use outrigger_route::{Candidate, NoRoute, Plan, reason::Removed};
use outrigger_telemetry::lines::Lines;

pub use which::Which;

use crate::{
    headers::LOG_DECISION,
    outbox::{Outbox, Standing, Told},
    trace::{SpanId, TraceId},
};

/// Most candidates, and most that were removed, in one line; how many more there were is said.
const LISTED: usize = 64;

/// Where decisions are told.
#[derive(Debug)]
pub(crate) struct Decisions {
    which: Which,
    to: To,
}

/// Who takes them.
#[derive(Debug)]
enum To {
    Stdout(Lines),
    /// Whoever sends them elsewhere.
    Elsewhere(Outbox<Decision>),
}

/// A decision as it is told elsewhere.
#[derive(Clone, Debug)]
pub struct Decision {
    /// When the request came.
    pub at: SystemTime,
    /// It failed over, broke or failed.
    pub badly: bool,
    /// The span of the request, and whether it is sampled, where it has one.
    pub span: Option<(TraceId, SpanId, bool)>,
    /// As it is written to standard output: a JSON object.
    pub line: Box<str>,
}

impl Told for Decision {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.line.len()
    }
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
    /// To standard output, if it is not said who takes them. `None`: nothing is told.
    pub(crate) fn open(which: Which, elsewhere: Option<Outbox<Decision>>) -> Option<Self> {
        let to = || elsewhere.map_or_else(|| To::Stdout(Lines::to_stdout("decisions")), To::Elsewhere);
        (which != Which::Off).then(|| Self { which, to: to() })
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

    /// Tells one of a request that came `at`, went `badly`, and is `span` of a trace.
    pub(crate) fn tell(
        &self,
        line: &serde_json::Value,
        at: SystemTime,
        badly: bool,
        span: Option<(TraceId, SpanId, bool)>,
    ) {
        let mut line = line.to_string();
        match &self.to {
            To::Stdout(lines) => {
                line.push('\n');
                lines.push(line.as_bytes());
            }
            To::Elsewhere(outbox) => outbox.put(vec![Decision { at, badly, span, line: line.into() }]),
        }
    }

    /// How many nobody will read.
    pub(crate) fn dropped(&self) -> u64 {
        match &self.to {
            To::Stdout(lines) => lines.dropped(),
            To::Elsewhere(outbox) => {
                let Standing { sent: _, full, refused, unreachable } = outbox.standing();
                full + refused + unreachable
            }
        }
    }

    /// Waits a moment for the last lines to be read; what goes elsewhere is waited for by whoever sends it.
    pub(crate) fn flush(&self) {
        match &self.to {
            To::Stdout(lines) => lines.flush(),
            To::Elsewhere(_) => {}
        }
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
        Decisions { which, to: To::Stdout(Lines::held()) }
    }

    fn headers(value: Option<&'static str>) -> HeaderMap {
        value.into_iter().map(|value| (http::HeaderName::from_static(LOG_DECISION), value.parse().unwrap())).collect()
    }

    /// Who asks is told, whatever is drawn; nobody is where it is off.
    #[test]
    fn which_are_told() {
        let of = |which: &str, asked, drawn| decisions(which.parse().unwrap()).asks(&headers(asked), drawn);
        assert!(Decisions::open(Which::Off, None).is_none());
        assert_eq!([of("asked", None, 0), of("asked", Some("true"), 0)], [None, Some(true)]);
        assert_eq!([of("failures", None, 0), of("failures", Some("true"), 0)], [Some(false), Some(true)]);
        assert_eq!([of("1%", None, 9_999), of("1%", None, 10_000)], [Some(true), None]);
        assert_eq!([of("1%", Some("true"), 10_000), of("1%", Some("no"), 10_000)], [Some(true), None]);
        assert_eq!(of("all", None, 999_999), Some(true));
    }
}
