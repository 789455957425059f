//! The arrows between the crates: who may depend on whom, and what a crate must never reach, however indirectly.
//!
//! This table is the one that holds. `crates/ARCHITECTURE.md` tells it to people and must agree with it ([`told`]);
//! `deny.toml` says of packages that are not ours who may name them, which is no second table: who of ours may not even
//! reach one is said here. This check needs nothing installed, and it resolves the features of each crate alone, so that what
//! one crate switches on in a shared dependency is not held against another.

mod check;
#[cfg(test)]
mod starts;
mod told;

pub(crate) use check::check;

/// What a crate of ours is allowed.
struct Crate {
    name: &'static str,
    /// Crates of ours that it may name in `[dependencies]`.
    may: &'static [&'static str],
    /// Packages that it must not reach, not even through others.
    never: &'static [&'static str],
}

const API: &str = "outrigger-api";
const BENCH: &str = "outrigger-bench";
const BUDGET: &str = "outrigger-budget";
const CATALOG: &str = "outrigger-catalog";
const CHORES: &str = "outrigger-chores";
const CLUSTER: &str = "outrigger-cluster";
const COMPILE: &str = "outrigger-compile";
const CONTROL_PLANE: &str = "outrigger-control-plane";
const CRD: &str = "outrigger-crd";
const FLEET_METRICS: &str = "outrigger-fleet-metrics";
const FOLDER: &str = "outrigger-folder";
const INJECT: &str = "outrigger-inject";
const LEDGER: &str = "outrigger-ledger";
const OTLP: &str = "outrigger-otlp";
const PROBE: &str = "outrigger-probe";
const PROXY: &str = "outrigger-proxy";
const REPORT: &str = "outrigger-report";
const RESIDENT: &str = "outrigger-resident";
const ROUTE: &str = "outrigger-route";
const SIDECAR: &str = "outrigger-sidecar";
const SIMULATE: &str = "outrigger-simulate";
const SPOOL: &str = "outrigger-spool";
const TELEMETRY: &str = "outrigger-telemetry";
const TOKENS: &str = "outrigger-tokens";
const WIRE: &str = "outrigger-wire";

const TABLE: &[Crate] = &[
    Crate {
        name: WIRE,
        may: &[],
        never: &[
            "tokio",
            "hyper",
            "tower",
            "kube",
            "kube-core",
            "k8s-openapi",
            "prost",
            "fastrand",
            "rand",
            "chrono",
            "jiff",
        ],
    },
    Crate { name: CATALOG, may: &[], never: &["tokio", "hyper", "tower", "kube", "kube-core", "k8s-openapi", "prost"] },
    Crate {
        name: ROUTE,
        may: &[WIRE, CATALOG],
        never: &["tokio", "hyper", "tower", "prost", "kube", "kube-core", "k8s-openapi", "fastrand", "rand"],
    },
    Crate { name: API, may: &[WIRE, ROUTE, CATALOG], never: &["kube", "kube-core", "k8s-openapi", "hyper"] },
    Crate { name: CRD, may: &[], never: &["tokio", "hyper", "kube-client", "kube-runtime"] },
    Crate {
        name: COMPILE,
        may: &[CRD, ROUTE, WIRE, CATALOG],
        never: &["tokio", "hyper", "kube-client", "kube-runtime"],
    },
    Crate { name: CLUSTER, may: &[COMPILE, CRD, CATALOG, ROUTE], never: &["prost", "tonic", "openssl", "aws-lc-rs"] },
    Crate { name: INJECT, may: &[CRD], never: &["tokio", "hyper", "kube-client", "kube-runtime"] },
    Crate { name: FOLDER, may: &[COMPILE, CRD], never: &["tokio", "hyper", "kube-client", "kube-runtime"] },
    Crate {
        name: FLEET_METRICS,
        may: &[],
        never: &["tokio", "hyper", "kube", "kube-core", "k8s-openapi", "prost", "fastrand", "rand"],
    },
    Crate { name: TELEMETRY, may: &[], never: &["kube", "kube-core", "k8s-openapi"] },
    Crate { name: PROBE, may: &[], never: &["kube", "kube-core", "k8s-openapi", "prost", "tonic"] },
    Crate {
        name: PROXY,
        may: &[WIRE, ROUTE, CATALOG, PROBE, SPOOL, TELEMETRY, TOKENS],
        never: &[
            CRD,
            COMPILE,
            "kube",
            "kube-core",
            "k8s-openapi",
            "rusqlite",
            "libsqlite3-sys",
            "tokio-postgres",
            "sqlx",
            "tonic",
            "prost",
        ],
    },
    Crate { name: OTLP, may: &[PROXY], never: &[CRD, COMPILE, API, "kube", "kube-core", "k8s-openapi", "sqlx"] },
    Crate {
        name: SIDECAR,
        may: &[PROXY, OTLP, ROUTE, API, SPOOL, TELEMETRY, RESIDENT],
        never: &[
            CRD,
            COMPILE,
            FOLDER,
            SIMULATE,
            REPORT,
            "plotters",
            "kube",
            "kube-core",
            "k8s-openapi",
            "rusqlite",
            "libsqlite3-sys",
            "tokio-postgres",
            "sqlx",
        ],
    },
    Crate { name: TOKENS, may: &[], never: &["tokio", "hyper", "kube", "kube-core", "k8s-openapi"] },
    Crate { name: RESIDENT, may: &[], never: &["tokio", "hyper", "kube", "kube-core", "k8s-openapi"] },
    Crate {
        name: SPOOL,
        may: &[],
        never: &["tokio", "hyper", "prost", "tonic", "kube", "kube-core", "k8s-openapi", "serde"],
    },
    Crate { name: SIMULATE, may: &[PROBE], never: &["kube", "kube-core", "k8s-openapi"] },
    Crate {
        name: REPORT,
        may: &[CATALOG],
        never: &["tokio", "hyper", "kube", "kube-core", "k8s-openapi", "sqlx", "prost"],
    },
    Crate { name: LEDGER, may: &[API, CATALOG], never: &["kube", "kube-core", "k8s-openapi", "hyper"] },
    Crate {
        name: CONTROL_PLANE,
        may: &[
            WIRE,
            CATALOG,
            ROUTE,
            API,
            CLUSTER,
            CRD,
            COMPILE,
            FLEET_METRICS,
            FOLDER,
            INJECT,
            PROBE,
            TELEMETRY,
            LEDGER,
        ],
        never: &[PROXY],
    },
    Crate {
        name: "outrigger",
        may: &[
            PROXY, OTLP, COMPILE, CRD, FOLDER, API, INJECT, LEDGER, CATALOG, REPORT, RESIDENT, ROUTE, SIMULATE,
            TELEMETRY, TOKENS, WIRE,
        ],
        never: &[CONTROL_PLANE, CLUSTER, "kube-client", "kube-runtime"],
    },
    Crate { name: "outrigger-tests", may: &[], never: &[] },
    // What is run by hand and by tests, and released by nobody.
    Crate { name: CHORES, may: &[], never: &["tokio", "hyper"] },
    // As little as the path of a request takes: all of it is built as a release is.
    Crate {
        name: BUDGET,
        may: &[PROXY, COMPILE, CATALOG, ROUTE, SPOOL, WIRE],
        never: &[CONTROL_PLANE, "kube-client", "kube-runtime", "prost", "tonic"],
    },
    Crate { name: BENCH, may: &[API, CHORES], never: &[PROXY, CONTROL_PLANE, "kube", "kube-core", "k8s-openapi"] },
];

/// May depend on anything; nothing of ours may depend on it.
const XTASK: &str = "xtask";

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none of ours".to_owned() } else { names.join(", ") }
}
