//! What is open (requests, connections), and waiting for the last of it.

use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

use tokio::sync::Notify;

/// Counts what is open.
#[derive(Debug, Default)]
pub(crate) struct Open {
    open: AtomicUsize,
    none_left: Notify,
}

impl Open {
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

    /// Returns when nothing is open.
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
