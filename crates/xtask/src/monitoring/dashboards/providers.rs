//! How providers do.

use super::words::{NAMESPACE, PROVIDER, WORKLOAD, of_provider};
use crate::monitoring::grafana::{
    Bad::Below,
    Dashboard,
    Kind::{Lines, Stacked},
    Panel, Query, Row,
    Unit::{Count, PerSecond, Seconds, Share},
};

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "providers",
        title: "Providers",
        says: "Health, speed and refusals of each provider, as all sidecars meet them.",
        variables: vec![NAMESPACE, WORKLOAD, PROVIDER],
        rows: vec![
            Row { title: "Health", height: 9, panels: health() },
            Row { title: "Speed", height: 9, panels: speed() },
            Row { title: "What is left out for a while", height: 9, panels: cooling() },
        ],
    }
}

fn health() -> Vec<Panel> {
    vec![
        Panel::new(
            "Calls that were answered",
            Lines,
            Share,
            "Share of calls that ended well, of those that were not cancelled.",
            vec![of_provider(
                "sum by (provider) (outrigger:attempts:rate5m{TARGET,outcome=\"ok\"}) / sum by (provider) (outrigger:attempts:rate5m{TARGET,outcome!=\"cancelled\"})",
                "{{provider}}",
            )],
        )
        .bad(Below(0.9)),
        Panel::new(
            "Calls by outcome",
            Stacked,
            PerSecond,
            "Each failure by its code.",
            vec![of_provider("sum by (outcome) (outrigger:attempts:rate5m{TARGET})", "{{outcome}}")],
        ),
        Panel::new(
            "Refused for too many (429)",
            Lines,
            PerSecond,
            "`rate_limited` for a while, `quota_exhausted` until somebody pays.",
            vec![of_provider(
                "sum by (provider, outcome) (outrigger:attempts:rate5m{TARGET,outcome=~\"rate_limited|quota_exhausted\"})",
                "{{provider}} {{outcome}}",
            )],
        ),
    ]
}

/// Two quantiles by target.
fn quantiles(record: &str) -> Vec<Query> {
    let of = |quantile| {
        format!(
            "histogram_quantile({quantile}, sum by (provider, model, le) (outrigger:{record}_bucket:rate5m{{TARGET}}))"
        )
    };
    vec![
        of_provider(&of("0.5"), "{{provider}} {{model}}, half of them"),
        of_provider(&of("0.95"), "{{provider}} {{model}}, 19 of 20"),
    ]
}

fn speed() -> Vec<Panel> {
    vec![
        Panel::new(
            "Time to the first token",
            Lines,
            Seconds,
            "Of streams, from sending the request upstream.",
            quantiles("time_to_first_token_seconds"),
        ),
        Panel::new(
            "Output tokens a second",
            Lines,
            Count,
            "What all sidecars got of each target together.",
            vec![of_provider(
                "sum by (provider, model) (outrigger:tokens:rate5m{TARGET,type=\"output\"})",
                "{{provider}} {{model}}",
            )],
        ),
        Panel::new("Between two tokens", Lines, Seconds, "The mean of a stream.", quantiles("inter_token_seconds")),
        Panel::new("Whole calls", Lines, Seconds, "To the end of an answer.", quantiles("attempt_duration_seconds")),
    ]
}

fn cooling() -> Vec<Panel> {
    vec![
        Panel::new(
            "Cooldowns",
            Stacked,
            PerSecond,
            "How often a target, an endpoint or a key began to cool, and why: it is asked last, or by one request at a time, until it answers again.",
            vec![of_provider(
                "sum by (provider, model, reason) (outrigger:cooldowns:rate5m{TARGET})",
                "{{provider}} {{model}} {{reason}}",
            )],
        ),
        Panel::new(
            "Requests that moved on from it",
            Stacked,
            PerSecond,
            "To another target of their route.",
            vec![of_provider(
                "sum by (provider, model, reason) (outrigger:fallbacks:rate5m{TARGET})",
                "{{provider}} {{model}} {{reason}}",
            )],
        ),
        Panel::new(
            "Old connections that had been closed",
            Lines,
            PerSecond,
            "The request was sent once more: no failure, and no attempt of its own.",
            vec![of_provider("sum by (provider) (outrigger:resends:rate5m{TARGET})", "{{provider}}")],
        ),
    ]
}
