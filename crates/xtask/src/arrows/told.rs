//! The same arrows where people and `cargo deny` read them: the table of crates in `crates/ARCHITECTURE.md`, and the
//! wrappers in `deny.toml`. The table of this chore is what holds; these are held against it.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result};

use super::{Crate, TABLE, XTASK, list};
use crate::tools;

pub(super) const ARCHITECTURE: &str = "crates/ARCHITECTURE.md";
const DENY: &str = "deny.toml";

/// Words of the column "never sees" that stand for several packages.
const WORDS: [(&str, &[&str]); 4] = [
    ("kube", &["kube-core", "k8s-openapi"]),
    ("kube client", &["kube-client", "kube-runtime"]),
    ("dates", &["chrono", "jiff"]),
    ("randomness", &["fastrand", "rand"]),
];

/// Where the document or `deny.toml` says something else. `packages`: those of the workspace.
pub(super) fn check(packages: &BTreeSet<&str>) -> Result<Vec<String>> {
    let read = |path: &str| fs::read_to_string(tools::root().join(path)).with_context(|| format!("cannot read {path}"));
    let mut problems = document(&read(ARCHITECTURE)?, packages);
    problems.extend(wrappers(&read(DENY)?));
    Ok(problems)
}

/// A row of the document's table: package, may, never.
type Row = (String, BTreeSet<String>, Vec<String>);

fn document(text: &str, packages: &BTreeSet<&str>) -> Vec<String> {
    let rows: Vec<Row> = text.lines().filter_map(row).collect();
    let mut problems = Vec::new();
    for Crate { name, may, never } in TABLE.iter().filter(|row| packages.contains(row.name)) {
        let Some((_, told, sees)) = rows.iter().find(|(package, ..)| package == name) else {
            problems.push(format!("{ARCHITECTURE} has no row for {name}"));
            continue;
        };
        if *told != may.iter().map(|name| (*name).to_owned()).collect() && *name != TESTS {
            problems.push(format!("{ARCHITECTURE}: {name} may depend on {}, by crates/xtask/src/arrows.rs", list(may)));
        }
        for word in sees {
            let own = full(word);
            let known = WORDS.iter().find(|(known, _)| known == word).map_or(&[][..], |(_, packages)| *packages);
            let held = match known {
                [] => never.contains(&word.as_str()) || never.contains(&own.as_str()),
                packages => packages.iter().all(|package| never.contains(package)),
            };
            // Where nothing of ours may be named, nothing of ours has to be listed.
            let nothing = word == "any of ours" && may.is_empty();
            if !held && !nothing && *name != TESTS {
                problems.push(format!("{ARCHITECTURE}: that {name} never sees {word} is held by no row of arrows.rs"));
            }
        }
    }
    let known = |name: &String| name == XTASK || TABLE.iter().any(|row| row.name == name);
    let unknown = rows.iter().filter(|(name, ..)| !known(name));
    problems
        .extend(unknown.map(|(name, ..)| format!("{ARCHITECTURE} has a row for {name}, which is no crate of ours")));
    problems
}

/// The black-box stories: what they may know is another matter, and no crate's.
const TESTS: &str = "outrigger-tests";

fn row(line: &str) -> Option<Row> {
    let line = line.strip_prefix("| `")?.strip_suffix(" |")?;
    let [name, _, may, never] = line.split(" | ").collect::<Vec<_>>()[..] else { return None };
    let (name, _) = name.split_once('`')?;
    // Other tables have folders and files in this place.
    let is_crate = name == "tests/" || tools::root().join("crates").join(name).join("Cargo.toml").is_file();
    let words = |text: &str| text.split(", ").filter(|word| *word != "-").map(plain).collect::<Vec<String>>();
    is_crate.then(|| (full(name), words(may).iter().map(|name| full(name)).collect(), words(never)))
}

/// Without what is said of it in brackets.
fn plain(word: &str) -> String {
    word.split(" (").next().unwrap_or_default().to_owned()
}

/// The package that a document calls so.
fn full(name: &str) -> String {
    match name {
        "cli" => "outrigger".to_owned(),
        "tests/" => TESTS.to_owned(),
        "any" | XTASK => name.to_owned(),
        _ => format!("outrigger-{name}"),
    }
}

/// Crates of ours that `deny.toml` lets name a package which they must never see, and rows of it that are about ours.
fn wrappers(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for entry in text.split("{ crate = \"").skip(1) {
        let Some((package, rest)) = entry.split_once('"') else { continue };
        if TABLE.iter().any(|row| row.name == package) {
            problems
                .push(format!("{DENY} has wrappers of {package}: who may name a crate of ours is said in arrows.rs"));
        }
        let listed =
            rest.split_once("wrappers = [").and_then(|(_, list)| list.split_once(']')).map_or("", |(list, _)| list);
        for wrapper in listed.split('"').skip(1).step_by(2) {
            let row = TABLE.iter().find(|row| row.name == wrapper);
            if row.is_some_and(|row| row.never.contains(&package)) {
                problems.push(format!("{DENY} lets {wrapper} name {package}, which it must never see by arrows.rs"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod cases {
    use super::*;

    #[test]
    fn a_document_that_says_something_else_is_found() {
        let packages = BTreeSet::from(["outrigger-route"]);
        let told = |may: &str, never: &str| document(&format!("| `route` | decides | {may} | {never} |"), &packages);
        assert_eq!(told("wire (words), catalog", "tokio, kube, randomness"), Vec::<String>::new());
        assert_eq!(told("wire", "-").len(), 1, "catalog is missing");
        assert_eq!(told("wire, catalog, proxy", "-").len(), 1, "proxy is too much");
        assert_eq!(told("wire, catalog", "serde").len(), 1, "nobody holds that");
        assert_eq!(document("", &packages).len(), 1, "no row at all");
    }

    #[test]
    fn a_wrapper_that_must_not_be_is_found() {
        let deny = |package: &str, by: &str| {
            wrappers(&format!("  {{ crate = \"{package}\", wrappers = [\n \"h2\", \"{by}\",\n] }},"))
        };
        assert_eq!(deny("tokio", "outrigger-proxy"), Vec::<String>::new());
        assert_eq!(deny("tokio", "outrigger-wire").len(), 1);
        assert_eq!(deny("outrigger-crd", "outrigger").len(), 1);
    }
}
