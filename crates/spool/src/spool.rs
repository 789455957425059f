//! The queue on a real disk, and its thread.

use std::{
    sync::{Arc, Weak},
    task::Waker,
    time::SystemTime,
};

use crate::{
    core::Core,
    disk::Files,
    machine,
    take::Batch,
    tend,
    terms::{Epoch, MANY, Settings, Standing},
};

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
        core.begin();
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

    /// Gives up the first entry of `batch`, which the ledger never takes: it is counted, and the next batch says that it will not
    /// come. Answers whether it was the next one to be taken over.
    pub fn give_up(&self, batch: &Batch) -> bool {
        self.core.give_up(batch)
    }

    /// A batch without entries, by which the ledger knows that this process is still there; `None`: it has told nothing yet, or
    /// has ended.
    pub fn word(&self) -> Option<Batch> {
        self.core.lock().word()
    }

    /// The same for a process that wants to ask something of a ledger that need not have heard of it; `None`: it has ended.
    pub fn greeting(&self) -> Option<Batch> {
        self.core.lock().greeting()
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
