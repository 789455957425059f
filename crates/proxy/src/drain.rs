//! What is open (requests, connections), and waiting for the last of it.

use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};

use tokio::sync::Notify;

/// Counts what is open.
#[derive(Debug, Default)]
pub(crate) struct Open {
    open: AtomicUsize,
    begun: AtomicU64,
    none_left: Notify,
}

impl Open {
    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, AcqRel);
        self.begun.fetch_add(1, Relaxed);
    }

    pub(crate) fn end(&self) {
        if self.open.fetch_sub(1, AcqRel) == 1 {
            self.none_left.notify_waiters();
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Acquire)
    }

    /// How many ever began.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
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
