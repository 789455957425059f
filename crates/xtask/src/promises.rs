//! `cargo xtask promises`: each promise of PROMISES.md, and the tests that name it.
//!
//! As a step of `cargo xtask test` it fails where code or a test names a promise that has no line there, and where a line
//! is named by no test that runs.

mod named;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::tools;
use named::ids;

const FILE: &str = "PROMISES.md";
/// Their tests are `#[ignore]`d for `cargo test`; the steps `kubernetes` and `cluster` run them.
const RUN_BY_STEPS: [&str; 2] = ["tests/cluster/", "tests/node/"];

/// Prints each promise with the number of tests that name it, and the first of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Where promises are named: in which line of which file, and whether a test that runs says so.
struct Place {
    file: String,
    line: usize,
    held: bool,
}

/// A promise and its line in the file.
type Row = (String, usize);
/// Where, which promise, why.
type Problem = (String, String, &'static str);
type Places = BTreeMap<String, Vec<Place>>;

pub(crate) fn run(_: &Args) -> Result<()> {
    let (promises, _) = promises(&read()?);
    let places = places()?;
    let width = promises.iter().map(|(id, _)| id.len()).max().unwrap_or_default();
    for (id, _) in &promises {
        let held: Vec<&Place> = places.get(id).into_iter().flatten().filter(|place| place.held).collect();
        let first = held.first().map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default();
        println!("{id:width$}  {:>3}  {first}", held.len());
    }
    let problems = check()?;
    if !problems.is_empty() {
        println!("{}", problems.join("\n"));
        bail!("{} of the promises and their tests do not fit", problems.len());
    }
    Ok(())
}

/// What is wrong, a line each: where, which promise, why.
pub(crate) fn check() -> Result<Vec<String>> {
    Ok(judge(&read()?, &places()?))
}

fn read() -> Result<String> {
    fs::read_to_string(tools::root().join(FILE)).with_context(|| format!("cannot read {FILE}"))
}

fn judge(text: &str, places: &Places) -> Vec<String> {
    let (promises, mut found) = promises(text);
    for (id, named) in places.iter().filter(|(id, _)| !promises.iter().any(|(known, _)| known == *id)) {
        let line = |place: &Place| (format!("{}:{}", place.file, place.line), id.clone(), "has no line in PROMISES.md");
        found.extend(named.iter().map(line));
    }
    for (id, line) in &promises {
        if !places.get(id).into_iter().flatten().any(|place| place.held) {
            found.push((format!("{FILE}:{line}"), id.clone(), "is named by no test that runs by default"));
        }
    }
    let wide = found.iter().map(|(place, _, _)| place.len()).max().unwrap_or_default();
    let id = found.iter().map(|(_, id, _)| id.len()).max().unwrap_or_default();
    found.iter().map(|(place, name, why)| format!("{place:wide$}  {name:id$}  {why}")).collect()
}

/// The rows of the tables: each promise and its line, and what is wrong with the rows themselves.
fn promises(text: &str) -> (Vec<Row>, Vec<Problem>) {
    let (mut all, mut wrong): (Vec<Row>, Vec<Problem>) = Default::default();
    for (at, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, id, rest @ .., _] = &cells[..] else { continue };
        if ids(id).next() != Some(*id) {
            continue;
        }
        let place = format!("{FILE}:{}", at + 1);
        if rest.len() != 2 || rest.iter().any(|cell| cell.is_empty()) {
            wrong.push((place.clone(), (*id).to_owned(), "has not one sentence and one reason"));
        }
        if all.iter().any(|(known, _)| known == id) {
            wrong.push((place, (*id).to_owned(), "stands there twice"));
        } else {
            all.push(((*id).to_owned(), at + 1));
        }
    }
    (all, wrong)
}

fn places() -> Result<Places> {
    let mut places = Places::new();
    let root = tools::root();
    for folder in ["crates", "tests"] {
        walk(&root, &root.join(folder), &mut places)?;
    }
    Ok(places)
}

/// Files in the order of their names, so that what is printed is the same everywhere.
fn walk(root: &Path, folder: &Path, places: &mut Places) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules"].contains(&&*name) && !name.starts_with('.') {
            walk(root, &path, places)?;
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let tests = file.starts_with("tests/") || file.contains("/tests/") || name.ends_with("tests.rs");
            let ignored_too = RUN_BY_STEPS.iter().any(|step| file.starts_with(step));
            for named in named::in_file(&text, tests, ignored_too) {
                let place = Place { file: file.clone(), line: named.line, held: named.held };
                places.entry(named.id).or_default().push(place);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_holds_its_promises() {
        assert_eq!(check().expect("the files are read"), Vec::<String>::new());
    }

    #[test]
    fn what_is_unknown_unheld_or_badly_said_is_named_with_its_place() {
        let place = |line, held| Place { file: "crates/a/src/b.rs".to_owned(), line, held };
        let mut places = Places::new();
        places.insert("S1".to_owned(), vec![place(7, false), place(9, true)]);
        places.insert("S2".to_owned(), vec![place(12, false)]);
        places.insert("R-CFG-9".to_owned(), vec![place(120, true)]);
        let text = "# Promises\n\n| ID | Promise | Why |\n| --- | --- | --- |\n| S1 | One. | So. |\n| S2 | Two. | |\n";
        assert_eq!(
            judge(text, &places),
            [
                "PROMISES.md:6          S2       has not one sentence and one reason",
                "crates/a/src/b.rs:120  R-CFG-9  has no line in PROMISES.md",
                "PROMISES.md:6          S2       is named by no test that runs by default",
            ]
        );
    }
}
