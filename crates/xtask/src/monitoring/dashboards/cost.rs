//! What it costs, and whom. The ledger has it to the cent and for years; this is the same money as it is spent.

use super::words::{NAMESPACE, WORKLOAD, own};
use crate::monitoring::grafana::{
    Bad::Above,
    Dashboard,
    Kind::{Bars, Lines, Number, Stacked},
    Panel, Query, Row,
    Unit::{Count, Dollars, PerSecond, Share},
};

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "cost",
        title: "Cost",
        says: "Spend by team, route and model, by the price rows. The ledger (outrigger usage) books the same figures request by request; where they differ, the ledger is right.",
        variables: vec![NAMESPACE, WORKLOAD],
        rows: vec![
            Row { title: "Sum", height: 4, panels: sums() },
            Row { title: "Who, and with what", height: 9, panels: by() },
            Row { title: "Over time", height: 9, panels: over_time() },
            Row { title: "What is not in these figures", height: 8, panels: missing() },
        ],
    }
}

fn sums() -> Vec<Panel> {
    vec![
        Panel::new("Spend in this range", Number, Dollars, "Of all that is chosen.", vec![spent("sum(SPENT)", "spend")]),
        Panel::new(
            "An hour, at the rate of now",
            Number,
            Dollars,
            "Of the last five minutes.",
            vec![own("sum(outrigger:cost_nano_usd:rate5m{OWN}) * 3600 / 1e9", "an hour")],
        ),
        Panel::new(
            "Of a million tokens",
            Number,
            Dollars,
            "What a million tokens, of every kind together, cost now.",
            vec![own(
                "sum(outrigger:cost_nano_usd:rate5m{OWN}) / sum(outrigger:tokens:rate5m{OWN,type=~\"input|output\"}) * 1e6 / 1e9",
                "a million tokens",
            )],
        ),
        Panel::new(
            "Answers without a price",
            Number,
            Share,
            "Their cost is missing in every figure here. Above one in twenty OutriggerUnpriced fires.",
            vec![own(
                "(sum(outrigger:unpriced:rate5m{OWN}) or vector(0)) / sum(outrigger:attempts:rate5m{OWN,outcome=\"ok\"})",
                "without a price",
            )],
        )
        .bad(Above(0.05)),
    ]
}

/// `SPENT` is what each series spent in the range that is shown.
fn spent(expr: &str, legend: &'static str) -> Query {
    let spent = "sum_over_time(outrigger:cost_nano_usd:increase5m{OWN}[$__range])";
    own(&format!("{} / 1e9", expr.replace("SPENT", spent)), legend)
}

fn by() -> Vec<Panel> {
    let bars = |title, says, query| Panel::new(title, Bars, Dollars, says, vec![query]);
    vec![
        bars(
            "By team",
            "The label `team` of pod or namespace.",
            spent("sort_desc(topk(20, sum by (team) (SPENT)))", "{{team}}"),
        ),
        bars(
            "By route",
            "The route that names the target; `direct` for a bare model.",
            spent("sort_desc(topk(20, sum by (route) (SPENT)))", "{{route}}"),
        ),
        bars(
            "By model",
            "The one that answered, or failed and is billed all the same.",
            spent("sort_desc(topk(20, sum by (provider, model) (SPENT)))", "{{model}} of {{provider}}"),
        ),
        bars(
            "By workload",
            "The owner of the pods.",
            spent("sort_desc(topk(20, sum by (namespace, workload) (SPENT)))", "{{namespace}} {{workload}}"),
        ),
    ]
}

fn over_time() -> Vec<Panel> {
    vec![
        Panel::new(
            "An hour, by team",
            Stacked,
            Dollars,
            "At the rate of five minutes.",
            vec![own("sum by (team) (outrigger:cost_nano_usd:rate5m{OWN}) * 3600 / 1e9", "{{team}}")],
        ),
        Panel::new(
            "24 hours, and the same a week ago",
            Lines,
            Dollars,
            "By team. Where one is twice the other OutriggerSpendUnusual fires. Of all workloads of the namespace.",
            vec![
                own("sum by (team) (outrigger:cost_nano_usd:increase1d{namespace=~\"$namespace\"}) / 1e9", "{{team}}"),
                own(
                    "sum by (team) (outrigger:cost_nano_usd:increase1d{namespace=~\"$namespace\"} offset 7d) / 1e9",
                    "{{team}}, a week ago",
                ),
            ],
        ),
        Panel::new(
            "Tokens",
            Stacked,
            Count,
            "A second, by type. `cache_read` and `cache_write` are part of the input, `reasoning` of the output.",
            vec![own("sum by (type) (outrigger:tokens:rate5m{OWN})", "{{type}}")],
        ),
    ]
}

fn missing() -> Vec<Panel> {
    vec![
        Panel::new(
            "Answers without a price",
            Stacked,
            PerSecond,
            "Give it one: `spec.models[].prices` of the ModelProvider.",
            vec![own("sum by (provider, model) (outrigger:unpriced:rate5m{OWN})", "{{model}} of {{provider}}")],
        )
        .nothing("Every answer has a price"),
        Panel::new(
            "Answers whose usage is an estimate",
            Stacked,
            PerSecond,
            "They broke off before their provider said what they used.",
            vec![own("sum by (provider, model) (outrigger:estimated_usage:rate5m{OWN})", "{{model}} of {{provider}}")],
        )
        .nothing("None broke off"),
        Panel::new(
            "Entries that the ledger will never get",
            Stacked,
            PerSecond,
            "They are in these figures and not in its books.",
            vec![own("sum by (namespace, reason) (outrigger:ledger_lost:rate5m{OWN})", "{{namespace}} {{reason}}")],
        )
        .nothing("Nothing was lost"),
    ]
}
