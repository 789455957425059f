//! The time of a sidecar: one clock, from a start that never moves.

use std::time::Duration;

use tokio::time::Instant;

/// Counts from its own start. tokio's clock, which a test may hold still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Time since the start.
    pub(crate) fn now(self) -> Duration {
        self.start.elapsed()
    }

    /// The same time as timers want it. One that is too far for the clock never comes.
    pub(crate) fn instant(self, at: Duration) -> Instant {
        self.start.checked_add(at).unwrap_or_else(|| self.start + Duration::from_secs(u32::MAX.into()))
    }
}
