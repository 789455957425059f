//! The recording rules: one table. Names and labels are the same wherever the figures come from, so dashboards and alerts are
//! written once.

use super::mode::{Clock, Mode};

/// Whose figures they are: the labels that every record of sidecars has.
const OWNER: &str = "namespace, workload, team";

/// In which workload a pod is. Only where pods are read: the control plane says it itself. A pod that is read twice, or that
/// changed its team, is counted once.
const PODS: &str = "outrigger:pods";
const PODS_EXPR: &str = "\
max by (namespace, pod, workload, team) (
  label_replace(topk by (namespace, pod) (1, outrigger_workload_info{pod!=\"\"}), \"workload\", \"$1\", \"owner\", \"(.+)\")
)";

/// How often, and over which stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Group {
    /// What is looked at.
    Rates,
    /// Money, in slices that lie end to end: their sum is what was spent.
    Spend,
}

/// A record.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name behind `outrigger:`.
    pub(crate) name: &'static str,
    /// What it is, in which unit.
    pub(crate) says: &'static str,
    pub(crate) group: Group,
    is: Is,
}

/// What a record is made of. Families are named without `outrigger_` and `outrigger_fleet_`.
#[derive(Debug)]
enum Is {
    /// A counter, or a part of a histogram, per second; by its owner and these labels.
    Rate(&'static str, &'static [&'static str]),
    /// How much a counter grew in a slice.
    Growth(&'static str, &'static [&'static str]),
    /// A gauge, summed up.
    Sum(&'static str, &'static [&'static str]),
    /// What each mode has in a way of its own.
    Each { control_plane: &'static str, pods: &'static str },
    /// What is made of other records.
    Of(&'static str),
}

use Is::{Each, Growth, Of, Rate, Sum};

const TARGET: &[&str] = &["provider", "model"];
const BUCKET: &[&str] = &["provider", "model", "le"];
const OF_ROUTE: &[&str] = &["route", "provider", "model"];
const REASON: &[&str] = &["provider", "model", "reason"];

const fn rate(name: &'static str, is: Is, says: &'static str) -> Rule {
    Rule { name, says, group: Group::Rates, is }
}

const fn spend(name: &'static str, is: Is, says: &'static str) -> Rule {
    Rule { name, says, group: Group::Spend, is }
}

pub(crate) const RULES: &[Rule] = &[
    rate(
        "requests:rate5m",
        Rate("requests_total", &["operation", "route", "outcome", "code"]),
        "Requests a second, by what callers saw",
    ),
    rate(
        "request_duration_seconds_bucket:rate5m",
        Rate("request_duration_seconds_bucket", &["operation", "le"]),
        "How long requests take, for `histogram_quantile`",
    ),
    rate(
        "proxy_overhead_seconds_bucket:rate5m",
        Rate("proxy_overhead_seconds_bucket", &["le"]),
        "What the sidecar itself adds, for `histogram_quantile`",
    ),
    rate(
        "attempts:rate5m",
        Rate("attempts_total", &["route", "provider", "model", "outcome"]),
        "Upstream calls a second",
    ),
    rate(
        "attempt_duration_seconds_bucket:rate5m",
        Rate("attempt_duration_seconds_bucket", BUCKET),
        "How long upstream calls take, for `histogram_quantile`",
    ),
    rate("fallbacks:rate5m", Rate("fallbacks_total", REASON), "Requests a second that moved on from a target"),
    rate(
        "resends:rate5m",
        Rate("resends_total", TARGET),
        "Requests a second that met a connection which had been closed",
    ),
    rate(
        "cooldowns:rate5m",
        Rate("cooldowns_total", REASON),
        "Times a second that a target, endpoint or key began to cool",
    ),
    rate(
        "time_to_first_token_seconds_bucket:rate5m",
        Rate("time_to_first_token_seconds_bucket", BUCKET),
        "Time to the first token of streams, for `histogram_quantile`",
    ),
    rate(
        "inter_token_seconds_bucket:rate5m",
        Rate("inter_token_seconds_bucket", BUCKET),
        "Mean time between events of streams, for `histogram_quantile`",
    ),
    rate(
        "tokens:rate5m",
        Rate("tokens_total", &["route", "provider", "model", "type"]),
        "Tokens a second, by their type",
    ),
    rate("cost_nano_usd:rate5m", Rate("cost_nano_usd_total", OF_ROUTE), "Billionths of a US dollar a second"),
    rate("unpriced:rate5m", Rate("unpriced_total", TARGET), "Answers a second whose price nobody knows"),
    rate(
        "estimated_usage:rate5m",
        Rate("estimated_usage_total", TARGET),
        "Answers a second whose usage is an estimate",
    ),
    rate("panics:rate5m", Rate("panics_total", &[]), "Requests a second that ended in a bug of the sidecar"),
    rate(
        "ledger_lost:rate5m",
        Rate("ledger_lost_total", &["reason"]),
        "Entries a second that the ledger will never get",
    ),
    rate("requests_in_flight", Sum("requests_in_flight", &[]), "Requests that are being answered"),
    rate("buffered_bytes", Sum("buffered_bytes", &[]), "Bytes of bodies that are held"),
    rate("ledger_waiting", Sum("ledger_waiting", &[]), "Entries that the ledger has not got yet"),
    rate(
        "ledger_spool_bytes",
        Sum("ledger_spool_bytes", &["place"]),
        "Bytes that wait for the ledger, on disk and in memory",
    ),
    rate(
        "sidecars",
        Each {
            control_plane: "sum by (OWNER, version) (outrigger_fleet_sidecars)",
            pods: "count by (OWNER, version) (outrigger:pods * on (namespace, pod) group_left (version) max by (namespace, pod, version) (outrigger_process_info))",
        },
        "Sidecars that run, by version",
    ),
    rate(
        "stale_sidecars",
        Each {
            control_plane: "sum by (OWNER) (outrigger_fleet_stale_sidecars)",
            pods: "sum by (OWNER) ((outrigger_policy_stale_seconds > bool 60) * on (namespace, pod) group_left (workload, team) outrigger:pods)",
        },
        "Sidecars whose policy was not confirmed for more than a minute",
    ),
    rate(
        "resident_bytes",
        Each {
            control_plane: "sum by (OWNER) (outrigger_fleet_resident_bytes)",
            pods: "sum by (OWNER) (process_resident_memory_bytes * on (namespace, pod) group_left (workload, team) outrigger:pods)",
        },
        "Memory of all sidecars of a workload",
    ),
    spend(
        "cost_nano_usd:increase5m",
        Growth("cost_nano_usd_total", OF_ROUTE),
        "Billionths of a US dollar in five minutes; evaluated every five, so that a sum over time is what was spent",
    ),
    spend(
        "cost_nano_usd:increase1d",
        Of("sum by (namespace, team) (sum_over_time(outrigger:cost_nano_usd:increase5m[DAY]))"),
        "Billionths of a US dollar in 24 hours, by team",
    ),
];

impl Group {
    pub(crate) const ALL: [Self; 2] = [Self::Rates, Self::Spend];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rates => "outrigger-rates",
            Self::Spend => "outrigger-spend",
        }
    }

    pub(crate) fn every(self, clock: Clock) -> &'static str {
        match self {
            Self::Rates => clock.every,
            Self::Spend => clock.slice,
        }
    }
}

/// Name, expression and what it says of each record of a group, in the order in which they are evaluated.
pub(crate) fn records(mode: Mode, clock: Clock, group: Group) -> Vec<(String, String, &'static str)> {
    let helper = (PODS.to_owned(), PODS_EXPR.to_owned(), "In which workload each pod is");
    let first = (mode == Mode::Pods && group == Group::Rates).then_some(helper);
    let rest = RULES
        .iter()
        .filter(|rule| rule.group == group)
        .map(|rule| (format!("outrigger:{}", rule.name), clock.fill(&expression(&rule.is, mode)), rule.says));
    first.into_iter().chain(rest).collect()
}

/// Every name of a record that has the same meaning in both modes.
pub(crate) fn names() -> Vec<String> {
    RULES.iter().map(|rule| format!("outrigger:{}", rule.name)).collect()
}

fn expression(is: &Is, mode: Mode) -> String {
    match is {
        Rate(family, labels) => summed(&format!("rate({}[WINDOW])", family_of(mode, family)), labels, mode),
        Growth(family, labels) => summed(&format!("increase({}[SLICE])", family_of(mode, family)), labels, mode),
        Sum(family, labels) => summed(&family_of(mode, family), labels, mode),
        Each { control_plane, pods } => match mode {
            Mode::ControlPlane => control_plane,
            Mode::Pods => pods,
        }
        .replace("OWNER", OWNER),
        Of(text) => (*text).to_owned(),
    }
}

fn summed(what: &str, labels: &[&str], mode: Mode) -> String {
    let by: String = labels.iter().map(|label| format!(", {label}")).collect();
    match mode {
        Mode::ControlPlane => format!("sum by ({OWNER}{by}) ({what})"),
        Mode::Pods => {
            format!("sum by ({OWNER}{by}) ({what} * on (namespace, pod) group_left (workload, team) {PODS})")
        }
    }
}

fn family_of(mode: Mode, family: &str) -> String {
    match mode {
        Mode::ControlPlane => format!("outrigger_fleet_{family}"),
        Mode::Pods => format!("outrigger_{family}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What dashboards and alerts read is there in both modes, under the same names.
    #[test]
    fn both_modes_record_the_same_names_and_pods_one_more() {
        let of = |mode| -> Vec<String> {
            let all = Group::ALL.into_iter().flat_map(|group| records(mode, Clock::REAL, group));
            all.map(|(name, ..)| name).collect()
        };
        assert_eq!(of(Mode::ControlPlane), names());
        assert_eq!(of(Mode::Pods)[1..], names());
        assert_eq!(of(Mode::Pods)[0], PODS);
        let mut once = names();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), RULES.len(), "a name is there twice");
    }

    #[test]
    fn an_expression_is_written_once_and_read_in_both_modes() {
        let one =
            |mode| records(mode, Clock::REAL, Group::Rates).into_iter().find(|it| it.0.ends_with("panics:rate5m"));
        assert_eq!(
            one(Mode::ControlPlane).unwrap().1,
            "sum by (namespace, workload, team) (rate(outrigger_fleet_panics_total[5m]))"
        );
        assert_eq!(
            one(Mode::Pods).unwrap().1,
            "sum by (namespace, workload, team) (rate(outrigger_panics_total[5m]) * on (namespace, pod) group_left \
             (workload, team) outrigger:pods)"
        );
    }
}
