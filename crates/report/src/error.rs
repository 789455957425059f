//! Why there is no report.

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A day that is none, or outside of the period.
    #[error("the ledger told of the day {0:?}, which is none of the period")]
    Day(String),
    /// A period of no day, or of more than 400.
    #[error("a report is of one day to 400")]
    Period,
    /// No quarter.
    #[error("{0:?} is no quarter: write 2026Q4")]
    Quarter(String),
    /// The library that draws says no.
    #[error("a chart cannot be drawn: {0}")]
    Drawing(String),
}
