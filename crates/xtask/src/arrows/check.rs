//! The workspace held against the table.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Crate, TABLE, XTASK, list, told};
use crate::tools;

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
    let names = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    problems.extend(told::check(&names)?);
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

#[cfg(test)]
mod tests {
    use super::{super::*, *};

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
