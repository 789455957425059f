//! A bounded queue of entries on disk that outlives its process.
//!
//! Entries are bytes that mean nothing here. Each gets a number, from 1 without a gap, within an **epoch**: one start of a
//! process, 16 random bytes. They lie in **segments**, files that are only ever added to; a segment goes when all of it was
//! taken over by whoever it is for, or when it is the oldest and there is no room. What a process left behind that was killed
//! is found by the next one in the same folder, and goes first.
//!
//! - Adding is one write into the page cache under a short lock, nothing else: no sync, no file made or removed. A thread
//!   syncs what is new within [`SYNC`], makes the next segment before it is needed, and removes what is too much.
//! - A kill of the process loses nothing that was added. A crash of the machine loses what was not synced: where that may
//!   be, the epoch is not said to be whole.
//! - Without a disk (none, read-only, full, broken) entries lie in memory, as far as its bound lets them. Adding never fails
//!   and never waits for a disk to come back.
//! - What was lost for room is counted, and told as `dropped_below`.
//!
//! `frame` is how bytes lie in a segment and `shelf` which segments there are, both pure; `state` is what is under the lock,
//! `take` what leaves, `disk` the effects, `found` what an earlier process left, `tend` the thread.

mod disk;
mod found;
mod frame;
mod machine;
mod shelf;
mod state;
mod take;
mod tend;

#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    task::Waker,
    time::{Duration, SystemTime},
};

use atomic_waker::AtomicWaker;

use disk::{Disk, Files};
use state::State;
pub use take::Batch;

/// Longest entry, in bytes.
pub const LONGEST: usize = 4096;
/// An entry is on its way to the platter within this.
pub const SYNC: Duration = Duration::from_millis(100);
/// Least room that a spool may be given on disk.
pub const LEAST: u64 = 256 << 10;
/// What lies in memory without a disk, at most.
pub const MEMORY: u64 = 4 << 20;
/// As many entries that wait are sent at once.
pub const MANY: u64 = 512;

/// 16 random bytes: one start of a process.
pub type Epoch = [u8; 16];

/// How much a spool may hold, and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its folder, which is made where it is not there; `None`: memory alone.
    pub folder: Option<PathBuf>,
    /// Most bytes on disk, of all epochs; at least [`LEAST`].
    pub limit: u64,
    /// Most bytes in memory.
    pub memory: u64,
    /// How long an entry may wait.
    pub age: Duration,
}

/// How a spool stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Entries that nobody has taken over yet.
    pub waiting: u64,
    /// Entries that were lost for room, or could not be read again.
    pub lost: u64,
    /// Bytes of segments on disk.
    pub disk_bytes: u64,
    /// Bytes of segments in memory.
    pub memory_bytes: u64,
    /// New entries go to disk.
    pub on_disk: bool,
}

/// The queue. Cloning makes another handle of the same.
#[derive(Clone, Debug)]
pub struct Spool {
    core: Arc<Core<Files>>,
    _last: Arc<Last>,
}

/// Sends the thread home.
#[derive(Debug)]
struct Last(Weak<Core<Files>>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            core.lock().left = true;
            core.turn.notify_one();
        }
    }
}

/// Everything, for any kind of disk.
#[derive(Debug)]
struct Core<D: Disk> {
    state: Mutex<State<D>>,
    /// Told when there is something for the thread to do.
    turn: Condvar,
    /// Woken when [`MANY`] wait.
    many: AtomicWaker,
}

impl<D: Disk> Core<D> {
    fn lock(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, entry: &[u8]) -> Option<u64> {
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

impl Spool {
    /// Opens the spool of a process that starts now. There always is one: where the folder cannot be used it is in memory, and
    /// says so in the log.
    pub fn open(settings: &Settings) -> Self {
        let mut epoch = Epoch::default();
        fastrand::fill(&mut epoch);
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let started_at_ms = u64::try_from(started.as_millis()).unwrap_or(u64::MAX);
        let disk = settings.folder.as_deref().and_then(|folder| {
            Files::open(folder)
                .inspect_err(|error| {
                    tracing::error!(
                        code = "spool_in_memory",
                        folder = %folder.display(),
                        "usage is spooled in memory: the folder cannot be used: {error}"
                    );
                })
                .ok()
        });
        if settings.folder.is_none() {
            tracing::warn!(code = "spool_in_memory", "usage is spooled in memory: no folder was named (--spool)");
        }
        let core = Arc::new(Core::new(settings, disk, epoch, started_at_ms, machine::now));
        let weak: Weak<Core<Files>> = Arc::downgrade(&core);
        let last = Arc::new(Last(weak.clone()));
        let thread = std::thread::Builder::new().name("spool".to_owned()).stack_size(128 << 10);
        if let Err(error) = thread.spawn(move || tend::forever(&weak)) {
            // Without it nothing is synced or removed: memory has a bound by itself.
            core.lock().give_up_disk();
            tracing::error!(code = "spool_in_memory", %error, "usage is spooled in memory: no thread for the disk");
        }
        Self { core, _last: last }
    }

    /// Adds an entry and answers its number: one write at most, which waits for no platter. `None`: it is empty, or longer than
    /// [`LONGEST`].
    pub fn append(&self, entry: &[u8]) -> Option<u64> {
        self.core.append(entry)
    }

    /// What is to be sent next: at most so many entries, and about so many bytes of them. The same again until
    /// [`Spool::taken`] says that it was taken over. `None`: nothing.
    pub fn batch(&self, entries: usize, bytes: usize) -> Option<Batch> {
        self.core.batch(entries, bytes)
    }

    /// Of the epoch of `batch`, which was sent, all numbers up to `through` were taken over: they are deleted. Answers whether
    /// that got the queue any further.
    pub fn taken(&self, batch: &Batch, through: u64) -> bool {
        self.core.taken(batch, through)
    }

    /// Passes over `batch` without deleting it: it was told elsewhere, and this process sends it no more.
    pub fn pass(&self, batch: &Batch) {
        self.core.lock().pass(batch);
    }

    /// Nothing will be added any more: what there is, is synced.
    pub fn close(&self) {
        self.core.close();
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.core.lock().standing()
    }

    /// Has `waker` woken once [`MANY`] entries wait; answers whether they do already.
    pub fn many(&self, waker: &Waker) -> bool {
        self.core.many.register(waker);
        self.core.lock().waiting() >= MANY
    }
}
