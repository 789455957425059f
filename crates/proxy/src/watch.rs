//! What a connection has to know of the request on it.
//!
//! When an answer has to be through, whatever its caller does (H8): while a caller does not read, nobody asks an answer's body
//! for more, and its own clocks stand still; so the connection looks, too. And whether more of the request is to come (H23):
//! a caller that closes its sending half before is not one that has said all.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Behind the end of a request's time, before its connection is cut: an answer that can still say why it ends does.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// The request that is on its way on a connection.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// In nanoseconds.
    due: AtomicU64,
    listens: AtomicBool,
}

impl Watch {
    /// The answer has to be through at `at`, as [`crate::App::now`] counts.
    pub(crate) fn begin(&self, at: Duration) {
        self.due.store(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// It is.
    pub(crate) fn end(&self) {
        self.due.store(0, Relaxed);
    }

    /// Waits for more of the request's body.
    pub(crate) async fn listen<T>(&self, more: impl Future<Output = T>) -> T {
        self.listens.store(true, Relaxed);
        let came = more.await;
        self.listens.store(false, Relaxed);
        came
    }

    /// Whether somebody does.
    pub(crate) fn listens(&self) -> bool {
        self.listens.load(Relaxed)
    }

    /// When it has to be; `None`: there is none.
    pub(crate) fn due(&self) -> Option<Duration> {
        Some(self.due.load(Relaxed)).filter(|nanos| *nanos > 0).map(Duration::from_nanos)
    }
}
