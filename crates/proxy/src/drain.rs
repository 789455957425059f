//! Leaving in order: what is open (requests, connections), waiting for the last of it, and saying how far it has come.

use std::sync::atomic::{
    AtomicU8, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use tokio::sync::{Notify, futures::Notified};

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

/// How far the sidecar's leaving has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Staying,
    /// The drain's time is up: what is still open ends now (R-DRAIN-3).
    Cut,
    /// Nothing is in flight any more and the process is about to end.
    Leaving,
}

/// Tells every connection of a caller how far it is. A connection's task waits once for all its requests: to wait anew
/// for each of them, and for each of their streams, costs a lock and a place in a list at every turn.
#[derive(Debug, Default)]
pub(crate) struct Departure {
    stage: AtomicU8,
    changed: Notify,
}

impl Departure {
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Acquire) {
            0 => Stage::Staying,
            1 => Stage::Cut,
            _ => Stage::Leaving,
        }
    }

    /// Asked by requests at every turn; their connection is woken when it changes.
    pub(crate) fn is_cut(&self) -> bool {
        self.stage() >= Stage::Cut
    }

    /// Wakes every connection.
    pub(crate) fn reach(&self, stage: Stage) {
        self.stage.store(stage as u8, Release);
        self.changed.notify_waiters();
    }

    /// Ready at the next change.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}
