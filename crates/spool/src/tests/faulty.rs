//! A disk in memory that does what it is told to: be full, fail, forget what was not synced.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::disk::Disk;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_000) };
}

/// Milliseconds by the clock of this thread.
pub(super) fn now() -> u64 {
    NOW.get()
}

pub(super) fn pass(millis: u64) {
    NOW.set(NOW.get() + millis);
}

#[derive(Clone, Debug, Default)]
pub(super) struct Faulty(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    files: Mutex<BTreeMap<String, Arc<Mutex<Content>>>>,
    calls: AtomicU64,
    /// Bytes that it holds at most; 0: as many as come.
    room: AtomicU64,
    broken: Mutex<Option<io::ErrorKind>>,
    boot: AtomicU64,
    /// The most that was ever on it.
    most: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

impl Faulty {
    pub(super) fn names(&self) -> Vec<String> {
        self.0.files.lock().unwrap().keys().cloned().collect()
    }

    /// Writes, and whatever else changes something.
    pub(super) fn calls(&self) -> u64 {
        self.0.calls.load(Relaxed)
    }

    pub(super) fn forget(&self, calls: u64) {
        self.0.calls.fetch_sub(calls, Relaxed);
    }

    pub(super) fn room(&self, bytes: u64) {
        self.0.room.store(bytes, Relaxed);
    }

    pub(super) fn breaks(&self, how: Option<io::ErrorKind>) {
        *self.0.broken.lock().unwrap() = how;
    }

    pub(super) fn most(&self) -> u64 {
        self.0.most.load(Relaxed)
    }

    pub(super) fn bytes(&self) -> u64 {
        let files = self.0.files.lock().unwrap();
        files.values().map(|file| file.lock().unwrap().bytes.len() as u64).sum()
    }

    /// The same disk as another process finds it.
    pub(super) fn copy(&self) -> Self {
        let other = Self::default();
        for (name, file) in &*self.0.files.lock().unwrap() {
            let content = Content { bytes: file.lock().unwrap().bytes.clone(), synced: 0 };
            other.0.files.lock().unwrap().insert(name.clone(), Arc::new(Mutex::new(content)));
        }
        other
    }

    /// The machine went down: all but `kept` bytes of what was not synced is gone.
    pub(super) fn crash(&self, kept: usize) {
        self.0.boot.fetch_add(1, Relaxed);
        for file in self.0.files.lock().unwrap().values() {
            let mut file = file.lock().unwrap();
            let length = (file.synced + kept).min(file.bytes.len());
            file.bytes.truncate(length);
        }
    }

    /// The content of the one file whose name comes last.
    pub(super) fn last(&self) -> Arc<Mutex<Content>> {
        self.0.files.lock().unwrap().values().rfind(|file| !file.lock().unwrap().bytes.is_empty()).unwrap().clone()
    }

    fn changes(&self) -> io::Result<()> {
        self.0.calls.fetch_add(1, Relaxed);
        match *self.0.broken.lock().unwrap() {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }
}

impl Content {
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Disk for Faulty {
    type File = Arc<Mutex<Content>>;

    fn create(&self, name: &str) -> io::Result<Self::File> {
        self.changes()?;
        let file = Arc::default();
        self.0.files.lock().unwrap().insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    fn open(&self, name: &str) -> io::Result<(Self::File, u64)> {
        let file = self.0.files.lock().unwrap().get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        let length = file.lock().unwrap().bytes.len() as u64;
        Ok((file, length))
    }

    fn write(&self, file: &Self::File, at: u64, bytes: &[u8]) -> io::Result<usize> {
        self.changes()?;
        let held = self.bytes();
        let mut content = file.lock().unwrap();
        let at = usize::try_from(at).unwrap();
        let new = (at + bytes.len()).saturating_sub(content.bytes.len());
        let left = usize::try_from(self.0.room.load(Relaxed).saturating_sub(held)).unwrap();
        let taken = match self.0.room.load(Relaxed) {
            0 => bytes.len(),
            _ => bytes.len() - new.saturating_sub(left).min(bytes.len()),
        };
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if content.bytes.len() < at + taken {
            content.bytes.resize(at + taken, 0);
        }
        content.bytes[at..at + taken].copy_from_slice(&bytes[..taken]);
        self.0.most.fetch_max(held + new as u64, Relaxed);
        Ok(taken)
    }

    fn read(&self, file: &Self::File, at: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let content = file.lock().unwrap();
        let rest = content.bytes.get(usize::try_from(at).unwrap()..).unwrap_or_default();
        let read = rest.len().min(bytes.len()).min(100_000);
        bytes[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn cut(&self, file: &Self::File, length: u64) -> io::Result<()> {
        self.changes()?;
        file.lock().unwrap().bytes.truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn sync(&self, file: &Self::File) -> io::Result<()> {
        self.changes()?;
        let mut content = file.lock().unwrap();
        content.synced = content.bytes.len();
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.files.lock().unwrap().remove(name);
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn boot(&self) -> [u8; 16] {
        [u8::try_from(self.0.boot.load(Relaxed) + 1).unwrap(); 16]
    }
}
