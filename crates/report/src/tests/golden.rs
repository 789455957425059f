//! A whole report, as it was when somebody looked at it. `OUTRIGGER_BLESS=1` writes what it is now.

use std::{env, fs, path::Path};

use super::books::{prices, quarter};
use crate::report;

/// A reader of two reports finds the same words for the same figures.
#[test]
fn a_quarter_reads_as_it_did() {
    let report = report(&quarter(), &prices()).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/golden");
    let charts = report.charts.iter().map(|(name, svg)| (name.as_str(), svg.as_str()));
    let files = [("report.md", report.markdown.as_str()), ("report.html", report.html.as_str())];
    for (name, text) in files.into_iter().chain(charts) {
        let file = golden.join(name);
        if env::var_os("OUTRIGGER_BLESS").is_some() {
            fs::create_dir_all(&golden).unwrap();
            fs::write(&file, text).unwrap();
        }
        let known = fs::read_to_string(&file).unwrap();
        assert!(known == text, "{} is another now: look at it, then bless it (OUTRIGGER_BLESS=1)", file.display());
    }
}

/// It can be sent by mail and opened anywhere: nothing is fetched and nothing runs.
#[test]
fn the_page_needs_nothing_else() {
    let html = report(&quarter(), &prices()).unwrap().html;
    for word in ["<script", "<link", "<img", "src=", "href=", "@import", "url(", "javascript:"] {
        assert!(!html.contains(word), "{word}");
    }
    let others: Vec<&str> = html
        .split("http")
        .skip(1)
        .filter(|rest| !rest.starts_with("://www.w3.org/2000/svg") && !rest.starts_with("-equiv"))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(html.contains("@page") && html.matches("<svg").count() == 5, "{}", html.matches("<svg").count());
}
