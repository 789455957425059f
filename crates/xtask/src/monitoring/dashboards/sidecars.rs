//! The sidecars themselves: which there are, whether they hear us, what they need.

use super::words::{NAMESPACE, WORKLOAD, own};
use crate::monitoring::grafana::{
    Bad::Above,
    Dashboard,
    Kind::{Lines, Number, Stacked},
    Panel, Row,
    Unit::{Bytes, Count, PerSecond, Seconds},
    query,
};

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "sidecars",
        title: "Sidecars",
        says: "Versions, whether they follow the control plane, memory, and the time that they add.",
        variables: vec![NAMESPACE, WORKLOAD],
        rows: vec![
            Row { title: "Now", height: 4, panels: now() },
            Row { title: "Policy", height: 9, panels: policy() },
            Row { title: "What they need", height: 9, panels: needs() },
            Row { title: "What waits for the ledger", height: 8, panels: waits() },
        ],
    }
}

fn now() -> Vec<Panel> {
    vec![
        Panel::new("Sidecars", Number, Count, "All that run.", vec![own("sum(outrigger:sidecars{OWN})", "sidecars")]),
        Panel::new(
            "Out of touch",
            Number,
            Count,
            "Their policy was not confirmed for more than a minute; they serve what was good then.",
            vec![own("sum(outrigger:stale_sidecars{OWN})", "stale")],
        )
        .bad(Above(1.0)),
        Panel::new(
            "Heard by nobody",
            Number,
            Count,
            "Pods in all namespaces that have a sidecar, less those that are connected to a control plane.",
            vec![query(
                "max(outrigger_injector_pods_with_sidecar) - (sum(outrigger_control_plane_sidecars) or vector(0))",
                "sidecars",
            )],
        )
        .bad(Above(1.0)),
        Panel::new(
            "Memory of one",
            Number,
            Bytes,
            "The mean.",
            vec![own("sum(outrigger:resident_bytes{OWN}) / sum(outrigger:sidecars{OWN})", "memory")],
        ),
        Panel::new(
            "Requests lost to a bug of ours",
            Number,
            PerSecond,
            "Each was answered as an error. Please report it.",
            vec![own("sum(outrigger:panics:rate5m{OWN})", "panics")],
        )
        .bad(Above(1e-9)),
    ]
}

fn policy() -> Vec<Panel> {
    vec![
        Panel::new(
            "By version",
            Stacked,
            Count,
            "Pods take a new one when they are made anew.",
            vec![own("sum by (version) (outrigger:sidecars{OWN})", "{{version}}")],
        ),
        Panel::new(
            "Out of touch, by workload",
            Stacked,
            Count,
            "After ten minutes OutriggerSidecarsStale fires.",
            vec![own("sum by (namespace, workload) (outrigger:stale_sidecars{OWN})", "{{namespace}} {{workload}}")],
        ),
        Panel::new(
            "From an edit to all sidecars",
            Lines,
            Seconds,
            "From sending an update to its acknowledgement, by every replica of the control plane together.",
            vec![
                query(
                    "histogram_quantile(0.5, sum by (le) (rate(outrigger_control_plane_ack_seconds_bucket[$__rate_interval])))",
                    "half of them",
                ),
                query(
                    "histogram_quantile(0.99, sum by (le) (rate(outrigger_control_plane_ack_seconds_bucket[$__rate_interval])))",
                    "99 of 100",
                ),
            ],
        ),
    ]
}

fn needs() -> Vec<Panel> {
    vec![
        Panel::new(
            "What a sidecar adds to a request",
            Lines,
            Seconds,
            "Before the first upstream call.",
            vec![
                own(
                    "histogram_quantile(0.5, sum by (le) (outrigger:proxy_overhead_seconds_bucket:rate5m{OWN}))",
                    "half of them",
                ),
                own(
                    "histogram_quantile(0.99, sum by (le) (outrigger:proxy_overhead_seconds_bucket:rate5m{OWN}))",
                    "99 of 100",
                ),
            ],
        ),
        Panel::new(
            "Memory of one, by workload",
            Lines,
            Bytes,
            "The mean of the workload's sidecars.",
            vec![own(
                "sum by (namespace, workload) (outrigger:resident_bytes{OWN}) / sum by (namespace, workload) (outrigger:sidecars{OWN})",
                "{{namespace}} {{workload}}",
            )],
        ),
        Panel::new(
            "Bodies that are held",
            Stacked,
            Bytes,
            "Against the budgets of buffers and answers.",
            vec![own("sum by (namespace, workload) (outrigger:buffered_bytes{OWN})", "{{namespace}} {{workload}}")],
        ),
        Panel::new(
            "In flight",
            Stacked,
            Count,
            "Requests that are being answered.",
            vec![own("sum by (namespace, workload) (outrigger:requests_in_flight{OWN})", "{{namespace}} {{workload}}")],
        ),
    ]
}

fn waits() -> Vec<Panel> {
    vec![
        Panel::new(
            "Entries",
            Stacked,
            Count,
            "Not at the ledger yet.",
            vec![own("sum by (namespace, workload) (outrigger:ledger_waiting{OWN})", "{{namespace}} {{workload}}")],
        ),
        Panel::new(
            "Bytes, by where they are",
            Stacked,
            Bytes,
            "In memory they do not outlive their process.",
            vec![own("sum by (place) (outrigger:ledger_spool_bytes{OWN})", "{{place}}")],
        ),
    ]
}
