//! How a ledger behaves.

/// How it behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Different sums of an hour that are kept apart; what comes beyond them has `other` for team, workload, route and model.
    pub hourly: usize,
    /// An epoch that is not closed is given up when nothing was heard of it for so long, in milliseconds: what began in it is
    /// booked as unknown, and [`Ledger::gaps`](crate::Ledger::gaps) lists it. Sidecars keep what they could not tell for a day.
    pub silent_ms: i64,
    /// Records are kept for so long, in milliseconds.
    pub records_ms: i64,
    /// Sums are kept for so many months.
    pub months: i64,
    /// Batches that may wait to be written.
    pub queue: usize,
    /// Connections to PostgreSQL, or readers of the file.
    pub connections: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hourly: 2_000,
            silent_ms: 26 * 3_600_000,
            records_ms: 90 * 86_400_000,
            months: 36,
            queue: 4_096,
            connections: 4,
        }
    }
}
