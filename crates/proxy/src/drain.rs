//! Requests in flight, and waiting for the last of them.

use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

use tokio::sync::Notify;

/// Counts requests until their bodies have ended.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    open: AtomicUsize,
    none_left: Notify,
}

impl Requests {
    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, AcqRel);
    }

    pub(crate) fn end(&self) {
        if self.open.fetch_sub(1, AcqRel) == 1 {
            self.none_left.notify_waiters();
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Acquire)
    }

    /// Returns when no request is in flight.
    pub(crate) async fn none(&self) {
        loop {
            let notified = self.none_left.notified();
            if self.open() == 0 {
                return;
            }
            notified.await;
        }
    }
}
