//! How many files somebody touches who adds one more of a thing.
//!
//! Counted by an example that is there already: the files that name it, in code, by one of its names as a whole word. Whoever
//! adds a sibling of it stands before the same places. Comments do not count, nor do tests and what is generated; data that
//! a chore writes (the catalogue, the kinds, the charts' values) does not either. An example is chosen that has no other
//! reason to be named: where one is special to some code, it would be counted twice.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::file::tests;

/// A thing that there are more of one day.
struct Kind {
    what: &'static str,
    /// One that is there.
    example: &'static str,
    names: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind { what: "provider of a known dialect", example: "Novita", names: &["novita"] },
    Kind {
        what: "strategy",
        example: "LeastOutstanding",
        names: &["LeastOutstanding", "least_outstanding", "least-outstanding"],
    },
    Kind {
        what: "dialect",
        example: "Responses",
        names: &["Dialect::Responses", "responses::Responses", "Responses = "],
    },
    Kind {
        what: "signer",
        example: "a key in a header",
        names: &["AuthScheme::Header", "Auth::Header", "Declared::Header"],
    },
    Kind {
        what: "metric",
        example: "outrigger_resends_total",
        names: &["RESENDS", "outrigger_resends_total", "resent"],
    },
    Kind {
        what: "setting of the sidecar",
        example: "--read-timeout",
        names: &["read_timeout", "OUTRIGGER_READ_TIMEOUT"],
    },
    Kind {
        what: "field of a route",
        example: "failover.hedgeAfter",
        names: &["hedge_after", "hedge_after_ms", "hedgeAfter"],
    },
];

pub(super) fn table(root: &Path) -> Result<Vec<Vec<String>>> {
    let files = files(root)?;
    let mut rows = vec![["one more", "counted by", "files", "which"].map(str::to_owned).to_vec()];
    for Kind { what, example, names } in KINDS {
        let named = |text: &str| names.iter().any(|name| text.lines().any(|line| says(line, name)));
        let found: Vec<&str> = files.iter().filter(|(_, text)| named(text)).map(|(path, _)| path.as_str()).collect();
        if found.is_empty() {
            bail!("nothing names {example}: crates/xtask/src/house/places.rs counts by an example that is gone");
        }
        let short = found.iter().map(|path| path.trim_start_matches("crates/").replace("/src/", "/"));
        let row = [(*what).to_owned(), (*example).to_owned(), found.len().to_string()];
        rows.push([&row[..], &[short.collect::<Vec<_>>().join(" ")]].concat());
    }
    Ok(rows)
}

/// Code of ours without tests, and `proto`: path and text of each file, in order.
fn files(root: &Path) -> Result<Vec<(String, String)>> {
    let mut paths = Vec::new();
    for folder in ["crates", "proto"] {
        collect(&root.join(folder), &mut paths)?;
    }
    let mut files = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = if path.extension().is_some_and(|it| it == "rs") { without_tests(&text)? } else { text };
        files.push((path.strip_prefix(root).unwrap_or(&path).display().to_string(), text));
    }
    Ok(files)
}

fn collect(folder: &Path, all: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    for path in paths {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        // These chores name what they look at.
        let left_out =
            ["tests", "testing", "examples", "benches", "fuzz", "house", "circles", "target"].contains(&&*stem);
        if path.is_dir() && !left_out {
            collect(&path, all)?;
        } else if path.is_file() && !left_out && path.extension().is_some_and(|it| it == "rs" || it == "proto") {
            all.push(path);
        }
    }
    Ok(())
}

/// The lines outside of what is for tests alone.
fn without_tests(text: &str) -> Result<String> {
    let tests = tests(text)?;
    let kept = (1..).zip(text.lines()).filter(|(number, _)| !tests.iter().any(|range| range.contains(number)));
    Ok(kept.map(|(_, line)| format!("{line}\n")).collect())
}

/// Whether a line of code names it, as a whole word.
fn says(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let word = |next: Option<char>| next.is_some_and(|it| it.is_alphanumeric() || it == '_');
    code.match_indices(name)
        .any(|(at, _)| !word(code[..at].chars().next_back()) && !word(code[at + name.len()..].chars().next()))
}

#[cfg(test)]
mod cases {
    use super::*;

    #[test]
    fn a_name_is_a_whole_word_of_code() {
        assert!(says("let x = hedge_after;", "hedge_after") && says("\"hedge_after\"", "hedge_after"));
        assert!(!says("hedge_after_ms", "hedge_after") && !says("x // hedge_after", "hedge_after"));
        assert!(!says("anthropics", "anthropic") && says("wire::anthropic::encode", "anthropic"));
    }

    #[test]
    fn what_is_for_tests_is_cut_out() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        assert_eq!(without_tests(text).expect("it parses"), "fn a() {}\nfn c() {}\n");
    }
}
