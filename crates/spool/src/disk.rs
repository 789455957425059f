//! What a spool does to a disk.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{machine, terms::Epoch};

/// A folder of segments, each `EPOCH-NUMBER.seg`.
pub(crate) trait Disk: Send + Sync + std::fmt::Debug + 'static {
    /// A segment that is open.
    type File: Clone + Send + Sync + std::fmt::Debug;

    /// Makes an empty segment, and has the folder remember it.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Opens one, and answers its length.
    fn open(&self, name: &str) -> io::Result<(Self::File, u64)>;
    /// One write.
    fn write(&self, file: &Self::File, at: u64, bytes: &[u8]) -> io::Result<usize>;
    fn read(&self, file: &Self::File, at: u64, bytes: &mut [u8]) -> io::Result<usize>;
    fn cut(&self, file: &Self::File, length: u64) -> io::Result<()>;
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    fn list(&self) -> io::Result<Vec<String>>;
    /// Which run of the machine this is. All 0: nobody knows.
    fn boot(&self) -> [u8; 16];
}

/// The name of a segment.
pub(crate) fn name(epoch: &Epoch, number: u64) -> String {
    let digits: String = epoch.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}-{number:08}.seg")
}

/// A real folder, which no other process uses.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    handle: File,
    boot: [u8; 16],
    _lock: File,
}

impl Files {
    /// Uses `folder`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written in, or another process uses it.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "another process uses it"),
            TryLockError::Error(error) => error,
        })?;
        let handle = File::open(folder)?;
        Ok(Self { folder: folder.to_owned(), handle, boot: machine::boot(), _lock: lock })
    }
}

impl Disk for Files {
    type File = Arc<File>;

    fn create(&self, name: &str) -> io::Result<Arc<File>> {
        let how = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).clone();
        let file = how.open(self.folder.join(name))?;
        self.handle.sync_all()?;
        Ok(Arc::new(file))
    }

    fn open(&self, name: &str) -> io::Result<(Arc<File>, u64)> {
        let file = File::open(self.folder.join(name))?;
        let length = file.metadata()?.len();
        Ok((Arc::new(file), length))
    }

    fn write(&self, file: &Arc<File>, at: u64, bytes: &[u8]) -> io::Result<usize> {
        file.write_at(bytes, at)
    }

    fn read(&self, file: &Arc<File>, at: u64, bytes: &mut [u8]) -> io::Result<usize> {
        file.read_at(bytes, at)
    }

    fn cut(&self, file: &Arc<File>, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn sync(&self, file: &Arc<File>) -> io::Result<()> {
        file.sync_data()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn boot(&self) -> [u8; 16] {
        self.boot
    }
}
