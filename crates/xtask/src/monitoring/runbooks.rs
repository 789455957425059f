//! The queries of the runbooks, as somebody would copy them.

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result};

use super::{
    alerts::{ALERTS, Alert},
    mode::Clock,
};
use crate::tools;

/// What stands in a query for what the alert names.
const WORDS: [&str; 4] = ["NAMESPACE", "WORKLOAD", "PROVIDER", "TEAM"];

/// Each query of the runbook of each alert: the alert's name, and the query of whoever it may be about. A label that there is none
/// of has no value, so that a query by such a label is one without an answer.
///
/// # Errors
///
/// If a page is not there.
pub(super) fn queries(clock: Clock) -> Result<Vec<(&'static str, String)>> {
    let mut all = Vec::new();
    for alert in ALERTS {
        let queries = blocks(&page(alert)?);
        all.extend(queries.into_iter().map(|query| (alert.name, of_anybody(&query, clock))));
    }
    Ok(all)
}

/// Each query of the runbook of an alert, of whomever this one is about that fires with these labels.
///
/// # Errors
///
/// If the page is not there.
pub(super) fn queries_of(alert: &Alert, labels: &BTreeMap<String, String>, clock: Clock) -> Result<Vec<String>> {
    let about = |query: String| {
        WORDS.iter().fold(query, |query, word| match labels.get(&word.to_lowercase()) {
            Some(value) => query.replace(&format!("\"{word}\""), &format!("\"{value}\"")),
            None => query,
        })
    };
    Ok(blocks(&page(alert)?).into_iter().map(|query| of_anybody(&about(query), clock)).collect())
}

fn page(alert: &Alert) -> Result<String> {
    let path = tools::root().join(alert.runbook());
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// What stands in blocks of PromQL; a blank line parts two queries.
fn blocks(page: &str) -> Vec<String> {
    let (mut within, mut queries) = (false, vec![String::new()]);
    for line in page.lines() {
        match line.trim() {
            "```promql" => within = true,
            "```" => {
                within = false;
                queries.push(String::new());
            }
            "" if within => queries.push(String::new()),
            text if within => {
                if let Some(query) = queries.last_mut() {
                    query.push_str(text);
                    query.push(' ');
                }
            }
            _ => {}
        }
    }
    queries.into_iter().map(|query| query.trim().to_owned()).filter(|query| !query.is_empty()).collect()
}

fn of_anybody(query: &str, clock: Clock) -> String {
    let query = WORDS.iter().fold(query.to_owned(), |query, word| query.replace(&format!("=\"{word}\""), "=~\".+\""));
    query.replace("offset 7d", &format!("offset {}", clock.week))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_queries_and_other_blocks() {
        let page = "text\n\n```promql\nsum(a{b=\"TEAM\"})\n\nc\n  / d offset 7d\n```\n\n```sh\nls\n```\n";
        let queries: Vec<String> = blocks(page).iter().map(|query| of_anybody(query, Clock::SHORT)).collect();
        assert_eq!(queries, ["sum(a{b=~\".+\"})".to_owned(), format!("c / d offset {}", Clock::SHORT.week)]);
    }

    /// Whoever is woken finds something to ask on every page.
    #[test]
    fn every_alert_has_a_page_with_a_query() {
        let queries = queries(Clock::SHORT).unwrap();
        for alert in ALERTS {
            assert!(queries.iter().any(|(name, _)| *name == alert.name), "{}", alert.page);
        }
        let left = |query: &str| WORDS.iter().any(|word| query.contains(word));
        assert!(queries.iter().all(|(_, query)| !left(query)), "{queries:?}");
    }
}
