//! When an answer has to be through, whatever its caller does (H8). While a caller does not read, nobody asks an answer's body
//! for more, and its own clocks stand still: so the connection looks, too.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Behind the end of a request's time, before its connection is cut: an answer that can still say why it ends does.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// The time of the answer that is on its way on a connection.
#[derive(Debug, Default)]
pub(crate) struct Watch(AtomicU64);

impl Watch {
    /// The answer has to be through at `at`, as [`crate::App::now`] counts.
    pub(crate) fn begin(&self, at: Duration) {
        self.0.store(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// It is.
    pub(crate) fn end(&self) {
        self.0.store(0, Relaxed);
    }

    /// When it has to be; `None`: there is none.
    pub(crate) fn due(&self) -> Option<Duration> {
        Some(self.0.load(Relaxed)).filter(|nanos| *nanos > 0).map(Duration::from_nanos)
    }
}
