//! The control plane, the injector and the ledger.

use crate::monitoring::grafana::{
    Bad::{Above, Below},
    Dashboard,
    Kind::{Lines, Number, Stacked},
    Panel, Query, Row,
    Unit::{Bytes, Count, PerSecond, Seconds},
    query,
};

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "control-plane",
        title: "Control plane",
        says: "How soon policy is where it should be, what is held back, and whether the ledger keeps up.",
        variables: vec![],
        rows: vec![
            Row { title: "Now", height: 4, panels: now() },
            Row { title: "Policy", height: 9, panels: policy() },
            Row { title: "Who asks", height: 9, panels: asking() },
            Row { title: "Ledger", height: 9, panels: ledger() },
            Row { title: "Figures of sidecars, where metrics.from is ControlPlane", height: 8, panels: figures() },
        ],
    }
}

fn now() -> Vec<Panel> {
    vec![
        Panel::new(
            "Sidecars connected",
            Number,
            Count,
            "To all replicas.",
            vec![query("sum(outrigger_control_plane_sidecars)", "connected")],
        ),
        Panel::new(
            "Policy held",
            Number,
            Count,
            "Replicas that serve their last good policy, since the source cannot be read or has become empty.",
            vec![query("sum(outrigger_control_plane_policy_stale)", "held")],
        )
        .bad(Above(1.0)),
        Panel::new(
            "Problems in policy",
            Number,
            Count,
            "As last read. `outrigger check` and the objects' status name each.",
            vec![query("max(outrigger_control_plane_policy_problems)", "problems")],
        )
        .bad(Above(1.0)),
        Panel::new(
            "Pods without their sidecar",
            Number,
            Count,
            "They should have one.",
            vec![query("max(outrigger_injector_pods_without_sidecar)", "pods")],
        )
        .bad(Above(1.0)),
        Panel::new(
            "Certificate ends in",
            Number,
            Seconds,
            "The one that sidecars are shown, where the control plane signs it.",
            vec![query("min(outrigger_control_plane_certificate_end_seconds - time())", "left")],
        )
        .bad(Below(129_600.0)),
        Panel::new(
            "Ledger answers",
            Number,
            Count,
            "1 while its store answers.",
            vec![query("min(outrigger_ledger_store_up)", "up")],
        )
        .bad(Below(1.0)),
    ]
}

/// Two quantiles of a histogram.
fn quantiles(family: &str) -> Vec<Query> {
    let of =
        |quantile| format!("histogram_quantile({quantile}, sum by (le) (rate({family}_bucket[$__rate_interval])))");
    vec![query(of("0.5"), "half of them"), query(of("0.99"), "99 of 100")]
}

fn policy() -> Vec<Panel> {
    vec![
        Panel::new(
            "From an update to its acknowledgement",
            Lines,
            Seconds,
            "Of every sidecar that was sent one.",
            quantiles("outrigger_control_plane_ack_seconds"),
        ),
        Panel::new(
            "Updates",
            Lines,
            PerSecond,
            "Sent, and resources of them that sidecars did not apply.",
            vec![
                query("sum(rate(outrigger_control_plane_updates_total[$__rate_interval]))", "sent"),
                query("sum(rate(outrigger_control_plane_rejections_total[$__rate_interval]))", "rejected"),
            ],
        ),
        Panel::new(
            "Views",
            Lines,
            Count,
            "Distinct views of the policy in use, and how many were compiled since the start.",
            vec![
                query("max(outrigger_control_plane_views)", "in use"),
                query("max(outrigger_control_plane_compilations)", "compiled"),
            ],
        ),
        Panel::new(
            "Sent",
            Lines,
            Bytes,
            "Bytes of updates a second, as they went.",
            vec![query("sum(rate(outrigger_control_plane_sent_bytes_total[$__rate_interval]))", "sent")],
        ),
    ]
}

fn asking() -> Vec<Panel> {
    vec![
        Panel::new(
            "Calls refused for their token",
            Stacked,
            PerSecond,
            "By control plane and ledger.",
            vec![
                query("sum by (code) (rate(outrigger_control_plane_refused_total[$__rate_interval]))", "{{code}}"),
                query("sum by (code) (rate(outrigger_ledger_refused_total[$__rate_interval]))", "ledger: {{code}}"),
            ],
        ),
        Panel::new(
            "Tokens of pods",
            Stacked,
            PerSecond,
            "What became of their review by the API server.",
            vec![query(
                "sum by (outcome) (rate(outrigger_control_plane_reviews_total[$__rate_interval]))",
                "{{outcome}}",
            )],
        ),
        Panel::new(
            "Pods that were made",
            Stacked,
            PerSecond,
            "What the injector did with them.",
            vec![query("sum by (outcome) (rate(outrigger_injector_reviews_total[$__rate_interval]))", "{{outcome}}")],
        ),
        Panel::new(
            "Edits that were looked at",
            Stacked,
            PerSecond,
            "What the webhook had to say of them.",
            vec![query(
                "sum by (outcome) (rate(outrigger_control_plane_admissions_total[$__rate_interval]))",
                "{{outcome}}",
            )],
        ),
    ]
}

fn ledger() -> Vec<Panel> {
    vec![
        Panel::new(
            "From the end of a request to the books",
            Lines,
            Seconds,
            "By the sidecar's clock.",
            quantiles("outrigger_ledger_lag_seconds"),
        ),
        Panel::new(
            "Batches",
            Stacked,
            PerSecond,
            "What became of them.",
            vec![query("sum by (outcome) (rate(outrigger_ledger_calls_total[$__rate_interval]))", "{{outcome}}")],
        ),
        Panel::new(
            "Entries",
            Stacked,
            PerSecond,
            "On disk.",
            vec![query("sum by (kind) (rate(outrigger_ledger_entries_total[$__rate_interval]))", "{{kind}}")],
        ),
        Panel::new(
            "Missing",
            Lines,
            Count,
            "Entries that are known to be missing: of pods and nodes that were lost, or on their way.",
            vec![query("max(outrigger_ledger_missing_entries)", "missing")],
        ),
    ]
}

fn figures() -> Vec<Panel> {
    vec![
        Panel::new(
            "Pages of sidecars",
            Stacked,
            PerSecond,
            "Read by the control plane, and what became of each.",
            vec![query("sum by (outcome) (rate(outrigger_fleet_scrapes_total[$__rate_interval]))", "{{outcome}}")],
        ),
        Panel::new("A page", Lines, Seconds, "How long it took.", quantiles("outrigger_fleet_scrape_seconds")),
        Panel::new(
            "Series",
            Lines,
            Count,
            "Served, by all replicas together.",
            vec![query("sum(outrigger_fleet_series)", "served")],
        ),
        Panel::new(
            "Series for which there is no room",
            Lines,
            PerSecond,
            "They are in no figure: raise --fleet-series.",
            vec![query("sum(rate(outrigger_fleet_series_dropped_total[$__rate_interval]))", "dropped")],
        ),
    ]
}
