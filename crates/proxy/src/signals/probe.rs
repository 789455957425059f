//! Who looks whether a target that cools has recovered early, and who waits for what becomes of it.

use std::sync::{
    Arc,
    atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

/// Looks whether a target that cools has recovered early. At most one more has begun than ended.
#[derive(Debug, Default)]
pub(super) struct Probes {
    begun: AtomicU64,
    ended: AtomicU64,
    /// Those of the ended that an answer began for.
    answered: AtomicU64,
}

/// Such a look, until it is dropped.
#[derive(Debug)]
pub(crate) struct Probe(Arc<Probes>);

impl Probe {
    /// An answer began: those who wait need not wait for its end, which may be minutes away.
    pub(crate) fn answered(&self) {
        self.0.answered.fetch_add(1, Relaxed);
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Release);
    }
}

impl Probes {
    /// This request looks whether a cooling target has recovered early, unless another does.
    pub(super) fn begin(self: &Arc<Self>) -> Option<Probe> {
        let so_far = self.ended.load(Relaxed);
        let mine = self.begun.compare_exchange(so_far, so_far + 1, Relaxed, Relaxed).is_ok();
        mine.then(|| Probe(self.clone()))
    }

    /// How many of them have ended, and how many of these were answered.
    pub(super) fn counts(&self) -> (u64, u64) {
        let ended = self.ended.load(Acquire);
        (ended, self.answered.load(Relaxed))
    }
}
