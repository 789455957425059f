//! The queue for any kind of disk: its state under the lock, and who waits for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use atomic_waker::AtomicWaker;

use crate::{
    disk::Disk,
    state::State,
    terms::{Epoch, MANY, Settings},
};

/// Everything, for any kind of disk.
#[derive(Debug)]
pub(crate) struct Core<D: Disk> {
    pub(crate) state: Mutex<State<D>>,
    /// Told when there is something for the thread to do.
    pub(crate) turn: Condvar,
    /// Woken when [`MANY`] wait.
    pub(crate) many: AtomicWaker,
}

impl<D: Disk> Core<D> {
    /// Of a process that starts now, with what was left on the disk.
    pub(crate) fn new(
        settings: &Settings,
        disk: Option<D>,
        epoch: Epoch,
        started_at_ms: u64,
        clock: fn() -> u64,
    ) -> Self {
        let state = State::new(settings, disk, epoch, started_at_ms, clock).into();
        Self { state, turn: Condvar::new(), many: AtomicWaker::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry, and wakes who is to know.
    pub(crate) fn append(&self, entry: &[u8]) -> Option<u64> {
        let mut state = self.lock();
        let rested = !state.has_work();
        let sequence = state.append(entry);
        let work = rested && state.has_work();
        let many = state.waiting() == MANY;
        drop(state);
        if work {
            self.turn.notify_one();
        }
        if many {
            self.many.wake();
        }
        sequence
    }
}
