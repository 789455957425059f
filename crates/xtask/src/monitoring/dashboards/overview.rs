//! What a platform team looks at first.

use super::words::{NAMESPACE, WORKLOAD, own};
use crate::monitoring::grafana::{
    Bad::{Above, Below},
    Dashboard,
    Kind::{Bars, Lines, Number, Stacked},
    Panel, Row,
    Unit::{Count, Dollars, PerSecond, Seconds, Share},
};

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "overview",
        title: "Overview",
        says: "Requests, how they end, what failover hid from callers, and what it all costs.",
        variables: vec![NAMESPACE, WORKLOAD],
        rows: vec![
            Row { title: "Now", height: 4, panels: now() },
            Row { title: "Requests", height: 9, panels: requests() },
            Row { title: "Failover", height: 9, panels: failover() },
            Row { title: "Spend", height: 9, panels: spend() },
        ],
    }
}

fn now() -> Vec<Panel> {
    vec![
        Panel::new(
            "Requests",
            Number,
            PerSecond,
            "Requests a second, as callers see them.",
            vec![own("sum(outrigger:requests:rate5m{OWN})", "requests")],
        ),
        Panel::new(
            "Success",
            Number,
            Share,
            "Share of requests that ended well. What a caller ended itself counts on neither side.",
            vec![own(
                "sum(outrigger:requests:rate5m{OWN,outcome=\"ok\"}) / sum(outrigger:requests:rate5m{OWN,outcome!=\"cancelled\"})",
                "success",
            )],
        )
        .bad(Below(0.99)),
        Panel::new(
            "Failures that no caller saw",
            Number,
            PerSecond,
            "Calls to providers that failed, less requests that failed: what failover saved, at least.",
            vec![own(
                "clamp_min(sum(outrigger:attempts:rate5m{OWN,outcome!~\"ok|cancelled\"}) - (sum(outrigger:requests:rate5m{OWN,outcome=~\"error|broken\"}) or vector(0)), 0)",
                "saved",
            )],
        ),
        Panel::new(
            "Spend in this range",
            Number,
            Dollars,
            "By the price rows: what nobody can price is missing, see Cost.",
            vec![own("sum(sum_over_time(outrigger:cost_nano_usd:increase5m{OWN}[$__range])) / 1e9", "spend")],
        ),
        Panel::new(
            "In flight",
            Number,
            Count,
            "Requests that are being answered.",
            vec![own("sum(outrigger:requests_in_flight{OWN})", "in flight")],
        ),
        Panel::new("Sidecars", Number, Count, "Sidecars that run.", vec![own("sum(outrigger:sidecars{OWN})", "sidecars")]),
    ]
}

fn requests() -> Vec<Panel> {
    vec![
        Panel::new(
            "Requests by outcome",
            Stacked,
            PerSecond,
            "Broken: failed after the first token. Cancelled: the caller went away.",
            vec![own("sum by (outcome) (outrigger:requests:rate5m{OWN})", "{{outcome}}")],
        ),
        Panel::new(
            "Errors by code",
            Stacked,
            PerSecond,
            "What callers were told. Each code is in docs/reference.md.",
            vec![own("sum by (code) (outrigger:requests:rate5m{OWN,outcome=~\"error|broken\"})", "{{code}}")],
        ),
        Panel::new(
            "Time to the end of an answer",
            Lines,
            Seconds,
            "From a request's head on, streams to their last byte.",
            vec![
                own(
                    "histogram_quantile(0.5, sum by (le) (outrigger:request_duration_seconds_bucket:rate5m{OWN}))",
                    "half of them",
                ),
                own(
                    "histogram_quantile(0.95, sum by (le) (outrigger:request_duration_seconds_bucket:rate5m{OWN}))",
                    "19 of 20",
                ),
            ],
        ),
    ]
}

fn failover() -> Vec<Panel> {
    vec![
        Panel::new(
            "Requests that moved on, by the target they left",
            Stacked,
            PerSecond,
            "Each went on to another target of its route.",
            vec![own("sum by (provider, model) (outrigger:fallbacks:rate5m{OWN})", "{{provider}} {{model}}")],
        ),
        Panel::new(
            "Why they moved on",
            Stacked,
            PerSecond,
            "The failure's code.",
            vec![own("sum by (reason) (outrigger:fallbacks:rate5m{OWN})", "{{reason}}")],
        ),
        Panel::new(
            "Share that moved on, by workload",
            Lines,
            Share,
            "Above one in five OutriggerFailoverStorm fires.",
            vec![own(
                "sum by (namespace, workload) (outrigger:fallbacks:rate5m{OWN}) / sum by (namespace, workload) (outrigger:requests:rate5m{OWN})",
                "{{namespace}} {{workload}}",
            )],
        )
        .bad(Above(0.2)),
    ]
}

fn spend() -> Vec<Panel> {
    vec![
        Panel::new(
            "Spend an hour, by team",
            Stacked,
            Dollars,
            "At the rate of the last five minutes.",
            vec![own("sum by (team) (outrigger:cost_nano_usd:rate5m{OWN}) * 3600 / 1e9", "{{team}}")],
        ),
        Panel::new(
            "Spend in this range, by workload",
            Bars,
            Dollars,
            "The twenty that spent most.",
            vec![own(
                "sort_desc(topk(20, sum by (namespace, workload) (sum_over_time(outrigger:cost_nano_usd:increase5m{OWN}[$__range])))) / 1e9",
                "{{namespace}} {{workload}}",
            )],
        ),
    ]
}
