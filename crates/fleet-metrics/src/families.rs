//! Which families of a sidecar are added up, and by which labels.

use std::{collections::HashMap, sync::LazyLock};

/// What becomes of a family's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Increases are added.
    Counter,
    /// The values that are the case are summed.
    Gauge,
    /// Increases of its buckets, its sum and its count are added.
    Histogram,
}

impl Kind {
    /// As Prometheus writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One family.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// As a sidecar prints it.
    pub of: &'static str,
    /// As it is served for the fleet.
    pub name: &'static str,
    /// What becomes of its values.
    pub kind: Kind,
    /// The labels that it is told apart by, beside those of a workload; others that a page has are not looked at.
    pub labels: &'static [&'static str],
    /// All labels that it is served with, in their order.
    pub served: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
}

macro_rules! families {
    ($($kind:ident $of:literal => $name:literal [$($label:literal),*] $help:literal;)+) => {
        /// All of them, in the order in which they are served.
        pub const FAMILIES: &[Family] =
            &[$(Family {
                of: $of,
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                served: &["namespace", "workload", "team" $(, $label)*],
                help: $help,
            }),+];
    };
}

families! {
    Counter "outrigger_requests_total" => "outrigger_fleet_requests_total" ["operation", "route", "outcome", "code"]
        "Requests of all sidecars by what the caller saw.";
    Histogram "outrigger_request_duration_seconds" => "outrigger_fleet_request_duration_seconds" ["operation"]
        "From a request's head to the end of its answer.";
    Histogram "outrigger_proxy_overhead_seconds" => "outrigger_fleet_proxy_overhead_seconds" []
        "Time that sidecars themselves added before the first upstream call.";
    Counter "outrigger_attempts_total" => "outrigger_fleet_attempts_total" ["route", "provider", "model", "outcome"]
        "Upstream calls by outcome.";
    Histogram "outrigger_attempt_duration_seconds" => "outrigger_fleet_attempt_duration_seconds" ["provider", "model"]
        "From sending an upstream request to the end of its answer.";
    Counter "outrigger_fallbacks_total" => "outrigger_fleet_fallbacks_total" ["provider", "model", "reason"]
        "Requests that moved on from a target, by reason.";
    Counter "outrigger_resends_total" => "outrigger_fleet_resends_total" ["provider", "model"]
        "Requests sent once more because an old connection had been closed.";
    Counter "outrigger_cooldowns_total" => "outrigger_fleet_cooldowns_total" ["provider", "model", "reason"]
        "Times a target, an endpoint or a key began to cool.";
    Histogram "outrigger_time_to_first_token_seconds" => "outrigger_fleet_time_to_first_token_seconds"
        ["provider", "model"] "From sending a streamed upstream request to its first content.";
    Histogram "outrigger_inter_token_seconds" => "outrigger_fleet_inter_token_seconds" ["provider", "model"]
        "Mean time between content events of a stream.";
    Counter "outrigger_tokens_total" => "outrigger_fleet_tokens_total" ["route", "provider", "model", "type"]
        "Tokens by type.";
    Counter "outrigger_cost_nano_usd_total" => "outrigger_fleet_cost_nano_usd_total" ["route", "provider", "model"]
        "Cost in billionths of a US dollar.";
    Counter "outrigger_unpriced_total" => "outrigger_fleet_unpriced_total" ["provider", "model"]
        "Answers with usage whose price is not known.";
    Counter "outrigger_unpriced_parts_total" => "outrigger_fleet_unpriced_parts_total" ["provider", "model", "part"]
        "Answers of whose cost a part has no price.";
    Counter "outrigger_estimated_usage_total" => "outrigger_fleet_estimated_usage_total" ["provider", "model"]
        "Answers whose usage is an estimate because they were interrupted.";
    Counter "outrigger_panics_total" => "outrigger_fleet_panics_total" []
        "Requests that ended in a bug of a sidecar.";
    Counter "outrigger_ledger_lost_total" => "outrigger_fleet_ledger_lost_total" ["reason"]
        "Entries that the ledger will never get.";
    Gauge "outrigger_requests_in_flight" => "outrigger_fleet_requests_in_flight" []
        "Requests being answered.";
    Gauge "outrigger_buffered_bytes" => "outrigger_fleet_buffered_bytes" []
        "Bytes of bodies held by sidecars.";
    Gauge "outrigger_ledger_waiting" => "outrigger_fleet_ledger_waiting" []
        "Entries that the ledger has not got yet.";
    Gauge "outrigger_ledger_spool_bytes" => "outrigger_fleet_ledger_spool_bytes" ["place"]
        "Bytes of entries that wait for the ledger.";
    Gauge "process_resident_memory_bytes" => "outrigger_fleet_resident_bytes" []
        "Resident memory of sidecars.";
}

/// Served beside them, of what is known of each process: name, labels, help.
pub const OWN: [(&str, &[&str], &str); 2] = [
    (
        "outrigger_fleet_sidecars",
        &["namespace", "workload", "team", "version"],
        "Sidecars that are connected to this replica.",
    ),
    (
        "outrigger_fleet_stale_sidecars",
        &["namespace", "workload", "team"],
        "Those whose policy may have been out of date for more than a minute.",
    ),
];

/// What a value of a family is of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Part {
    /// The value of a counter or a gauge, the count of a histogram.
    Value,
    /// The sum of a histogram.
    Sum,
    /// How many were at most so much.
    Bucket(f64),
}

/// What a name of a sample says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Value,
    Sum,
    Bucket,
}

/// The family of a sample of this name, by its place in [`FAMILIES`].
pub(crate) fn named(name: &str) -> Option<(u8, Named)> {
    static NAMES: LazyLock<HashMap<String, (u8, Named)>> = LazyLock::new(|| {
        let mut names = HashMap::new();
        for (at, family) in (0..).zip(FAMILIES) {
            match family.kind {
                Kind::Counter | Kind::Gauge => drop(names.insert(family.of.to_owned(), (at, Named::Value))),
                Kind::Histogram => {
                    for (suffix, part) in [("_count", Named::Value), ("_sum", Named::Sum), ("_bucket", Named::Bucket)] {
                        names.insert(format!("{}{suffix}", family.of), (at, part));
                    }
                }
            }
        }
        names
    });
    NAMES.get(name).copied()
}

/// The family at this place.
pub(crate) fn at(family: u8) -> &'static Family {
    &FAMILIES[usize::from(family)]
}
