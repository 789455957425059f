//! The arrows between the crates: who may depend on whom, and what a crate must never reach, however indirectly.
//!
//! `deny.toml` says the same of single packages with `wrappers`; this check needs nothing installed, and it resolves the
//! features of each crate alone, so that what one crate switches on in a shared dependency is not held against another.

#[cfg(test)]
mod starts;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::tools;

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
const FOLDER: &str = "outrigger-folder";
const INJECT: &str = "outrigger-inject";
const LEDGER: &str = "outrigger-ledger";
const PROBE: &str = "outrigger-probe";
const PROXY: &str = "outrigger-proxy";
const RESIDENT: &str = "outrigger-resident";
const ROUTE: &str = "outrigger-route";
const SIDECAR: &str = "outrigger-sidecar";
const SIMULATE: &str = "outrigger-simulate";
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
    Crate { name: TELEMETRY, may: &[], never: &["kube", "kube-core", "k8s-openapi"] },
    Crate { name: PROBE, may: &[], never: &["kube", "kube-core", "k8s-openapi", "prost", "tonic"] },
    Crate {
        name: PROXY,
        may: &[WIRE, ROUTE, CATALOG, PROBE, TELEMETRY, TOKENS],
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
    Crate {
        name: SIDECAR,
        may: &[PROXY, ROUTE, API, TELEMETRY, RESIDENT],
        never: &[
            CRD,
            COMPILE,
            FOLDER,
            SIMULATE,
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
    Crate { name: SIMULATE, may: &[PROBE], never: &["kube", "kube-core", "k8s-openapi"] },
    Crate { name: LEDGER, may: &[API, CATALOG], never: &["kube", "kube-core", "k8s-openapi", "hyper"] },
    Crate {
        name: CONTROL_PLANE,
        may: &[WIRE, CATALOG, ROUTE, API, CLUSTER, CRD, COMPILE, FOLDER, INJECT, PROBE, TELEMETRY, LEDGER],
        never: &[PROXY],
    },
    Crate {
        name: "outrigger",
        may: &[
            PROXY, COMPILE, CRD, FOLDER, API, INJECT, LEDGER, CATALOG, RESIDENT, ROUTE, SIMULATE, TELEMETRY, TOKENS,
            WIRE,
        ],
        never: &[CONTROL_PLANE, CLUSTER, "kube-client", "kube-runtime"],
    },
    Crate { name: "outrigger-tests", may: &[], never: &[] },
    // What is run by hand and by tests, and released by nobody.
    Crate { name: CHORES, may: &[], never: &["tokio", "hyper"] },
    // As little as the path of a request takes: all of it is built as a release is.
    Crate {
        name: BUDGET,
        may: &[PROXY, COMPILE, CATALOG, ROUTE, WIRE],
        never: &[CONTROL_PLANE, "kube-client", "kube-runtime", "prost", "tonic"],
    },
    Crate { name: BENCH, may: &[API, CHORES], never: &[PROXY, CONTROL_PLANE, "kube", "kube-core", "k8s-openapi"] },
];

/// May depend on anything; nothing of ours may depend on it.
const XTASK: &str = "xtask";

/// Every arrow that is not in the table, in words.
pub(crate) fn check() -> Result<Vec<String>> {
    let metadata = tools::metadata()?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let mut problems = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if name == XTASK {
            continue;
        }
        match TABLE.iter().find(|row| row.name == name) {
            Some(row) => {
                problems.extend(direct(row, &dependencies(package)));
                problems.extend(reached(row, &closure(name)?));
            }
            None => problems
                .push(format!("crate {name} has no row in crates/xtask/src/arrows.rs: say what it may depend on")),
        }
    }
    Ok(problems)
}

/// The names in `[dependencies]` and `[build-dependencies]` of a package.
fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let built = all.iter().filter(|dependency| dependency["kind"] != "dev");
    built.filter_map(|dependency| dependency["name"].as_str()).map(str::to_owned).collect()
}

/// Every package that a crate of ours links, on any platform, with only the features it asks for itself.
fn closure(name: &str) -> Result<BTreeSet<String>> {
    let tree = tools::succeed(tools::cargo().args([
        "tree",
        "--package",
        name,
        "--edges",
        "normal",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.filter(|other| *other != name).map(str::to_owned).collect())
}

fn direct(row: &Crate, dependencies: &BTreeSet<String>) -> Vec<String> {
    let ours = dependencies
        .iter()
        .filter(|name| TABLE.iter().any(|other| other.name == name.as_str()) || name.as_str() == XTASK);
    ours.filter(|name| !row.may.contains(&name.as_str()))
        .map(|name| format!("{} depends on {name}; it may depend on: {}", row.name, list(row.may)))
        .collect()
}

fn reached(row: &Crate, closure: &BTreeSet<String>) -> Vec<String> {
    let found = row.never.iter().filter(|name| closure.contains(**name));
    found
        .map(|name| {
            format!("{0} links {name}, which it must never see: `cargo tree -p {0} -i {name}` shows the way", row.name)
        })
        .collect()
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none of ours".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_workspace_holds_its_arrows() {
        assert_eq!(check().expect("cargo metadata and cargo tree answer"), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_arrow_is_named() {
        let row = TABLE.iter().find(|row| row.name == ROUTE).expect("a row for route");
        assert_eq!(direct(row, &set(&[WIRE, CATALOG, "strsim"])), Vec::<String>::new());
        assert_eq!(
            direct(row, &set(&[WIRE, PROXY])),
            ["outrigger-route depends on outrigger-proxy; it may depend on: outrigger-wire, outrigger-catalog"]
        );
        assert_eq!(reached(row, &set(&["tokio", "bytes"])).len(), 1);
    }

    #[test]
    fn a_dev_dependency_is_not_an_arrow() {
        let package = serde_json::json!({"dependencies": [
            {"name": "a", "kind": null}, {"name": "b", "kind": "dev"}, {"name": "c", "kind": "build"},
        ]});
        assert_eq!(dependencies(&package), set(&["a", "c"]));
    }
}
