//! Periods that never change again.

use serde::Serialize;

/// A month that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// `2026-09`.
    pub month: String,
    /// When, in milliseconds since 1970.
    pub closed_at_ms: i64,
    /// What was booked in it, in nano-dollars: what it says for ever.
    pub nano: i64,
    /// Requests that were booked in it.
    pub requests: i64,
}
