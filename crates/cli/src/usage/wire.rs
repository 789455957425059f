//! What a ledger answers, exact: sums are whole numbers, and money is in nano-dollars.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Sums by name.
pub(super) type Sums = BTreeMap<String, i128>;

/// `GET /usage`, a page of it or all of them.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Answer {
    pub(super) since: String,
    pub(super) until: String,
    pub(super) by: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) total: Row,
    #[serde(skip_serializing)]
    pub(super) next: Option<u64>,
    pub(super) missing: Missing,
}

/// A group, or all of them.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Row {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<String>,
    pub(super) booked: Sums,
    pub(super) adjusted: Sums,
    pub(super) unpriced: Sums,
    pub(super) unknown: Sums,
}

impl Row {
    /// What was booked, by today's knowledge.
    pub(super) fn sum(&self, name: &str) -> i128 {
        of(&self.booked, name) + of(&self.adjusted, name)
    }
}

/// One of some sums.
pub(super) fn of(sums: &Sums, name: &str) -> i128 {
    sums.get(name).copied().unwrap_or_default()
}

/// What is missing of the time that was asked about.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Missing {
    pub(super) entries: i64,
    pub(super) processes: u64,
    pub(super) open: u64,
}

/// `GET /usage/gaps`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Gap {
    pub(super) epoch: String,
    pub(super) namespace: String,
    pub(super) service_account: String,
    pub(super) pod: String,
    pub(super) node: String,
    pub(super) version: String,
    pub(super) started_at_ms: i64,
    pub(super) last_heard_ms: i64,
    pub(super) missing: Vec<(i64, i64)>,
    pub(super) entries: i64,
    pub(super) open: bool,
}

/// A day and a model of `POST /usage/reconcile`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Line {
    pub(super) date: String,
    pub(super) model: String,
    pub(super) ours_nano: i128,
    pub(super) billed_nano: i128,
    pub(super) difference_nano: i128,
    pub(super) reasons: Vec<String>,
}

/// A month of `POST /usage/close`.
#[derive(Debug, Deserialize)]
pub(super) struct Closed {
    pub(super) month: String,
    pub(super) nano: i128,
    pub(super) requests: i128,
}

/// `POST /usage/forget`.
#[derive(Debug, Deserialize)]
pub(super) struct Forgotten {
    pub(super) records: u64,
    #[serde(default)]
    pub(super) unreadable: u64,
}
