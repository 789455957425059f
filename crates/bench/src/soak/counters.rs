//! The sidecar's own counters, as its page shows them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::kind::Outcome;

/// What a soak looks at of `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Counters {
    /// Requests by outcome.
    pub(super) requests: BTreeMap<String, u64>,
    pub(super) in_flight: f64,
    /// Bytes of bodies held.
    pub(super) buffered: f64,
    pub(super) panics: u64,
    pub(super) policy_problems: u64,
    /// Upstream calls by outcome.
    pub(super) attempts: BTreeMap<String, u64>,
    /// Times that something began to cool.
    pub(super) cooldowns: u64,
    /// Of the policy that is served.
    pub(super) revision: String,
    /// Lines.
    pub(super) series: usize,
    /// Lines that name a revision: one, however many were served.
    pub(super) revisions: usize,
}

impl Counters {
    /// Reads the page. What is not on it is zero: a counter that never counted is not shown.
    pub(super) fn read(page: &str) -> Self {
        let mut counters = Self::default();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let (name, labels) = key.split_once('{').unwrap_or((key, ""));
            let by = |counts: &mut BTreeMap<String, u64>| {
                *counts.entry(label(labels, "outcome").to_owned()).or_default() += value as u64;
            };
            match name {
                "outrigger_requests_total" => by(&mut counters.requests),
                "outrigger_attempts_total" => by(&mut counters.attempts),
                "outrigger_requests_in_flight" => counters.in_flight = value,
                "outrigger_buffered_bytes" => counters.buffered = value,
                "outrigger_panics_total" => counters.panics = value as u64,
                "outrigger_policy_problems_total" => counters.policy_problems = value as u64,
                "outrigger_cooldowns_total" => counters.cooldowns += value as u64,
                "outrigger_policy_info" => counters.revision = label(labels, "revision").to_owned(),
                _ => {}
            }
            counters.series += 1;
            counters.revisions += usize::from(name == "outrigger_policy_info");
        }
        counters
    }

    /// Upstream calls that failed after the upstream was reached.
    pub(super) fn failed_calls(&self) -> u64 {
        let others = ["ok", "cancelled", "connect_failed"];
        self.attempts.iter().filter(|(outcome, _)| !others.contains(&&***outcome)).map(|(_, count)| count).sum()
    }

    pub(super) fn requests(&self, outcome: Outcome) -> u64 {
        self.requests.get(outcome.label()).copied().unwrap_or_default()
    }
}

/// The value of a label; none of those that are read holds a quote.
fn label<'a>(labels: &'a str, name: &str) -> &'a str {
    let value = labels.split(',').find_map(|pair| pair.trim_start_matches('{').strip_prefix(name)?.strip_prefix("=\""));
    value.and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"# HELP outrigger_requests_total Requests.
# TYPE outrigger_requests_total counter
outrigger_requests_total{operation="chat",route="default/r",outcome="ok",code="ok"} 7
outrigger_requests_total{operation="messages",route="direct",outcome="ok",code="ok"} 5
outrigger_requests_total{operation="chat",route="default/r",outcome="broken",code="truncated"} 2

outrigger_requests_in_flight 3
outrigger_cooldowns_total{provider="a/b",model="m",reason="server_error"} 1
outrigger_policy_info{revision="new"} 1
outrigger_attempts_total{route="default/r",provider="a/b",model="m",outcome="ok"} 13
outrigger_attempts_total{route="default/r",provider="a/b",model="m",outcome="truncated"} 2
"#;

    #[test]
    fn counts_are_added_up_by_outcome() {
        let counters = Counters::read(PAGE);
        assert_eq!(Outcome::ALL.map(|outcome| counters.requests(outcome)), [12, 0, 2, 0]);
        assert_eq!((counters.in_flight, counters.cooldowns, counters.attempts["ok"]), (3.0, 1, 13));
        assert_eq!((&*counters.revision, counters.revisions, counters.series), ("new", 1, 8));
        assert_eq!((counters.panics, counters.failed_calls()), (0, 2));
    }
}
