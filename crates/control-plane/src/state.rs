//! The folder that outlives the process: the authority, the signing keys, what was revoked.
//!
//! Whoever reads takes no lock: files are only ever replaced whole. Whoever changes something holds the lock while it
//! reads, decides and writes, so that two processes on one folder never undo each other's work.

pub(crate) mod file;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// Longer than any change takes, even on a slow disk with a full list of revocations.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// A state folder that only its owner can change.
#[derive(Clone, Debug)]
pub(crate) struct State {
    folder: PathBuf,
}

/// The right to change the folder; given back on drop, and by the system if the process dies.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "closing the file gives the lock back")] File);

impl State {
    /// Opens the folder and makes it if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        private_folder(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where `name` lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Waits for its turn to change the folder.
    pub(crate) fn lock(&self) -> Result<Lock> {
        let path = self.path("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open {}: the state folder must be writable", path.display()))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => bail!(
                    "another process has held {} for {} seconds: end it, then try again",
                    path.display(),
                    LOCK_PATIENCE.as_secs()
                ),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| {
                        format!("cannot lock {}: put the state folder on a file system with locks", path.display())
                    });
                }
            }
        }
    }
}

/// Makes a folder that only its owner can enter. One that was there may be readable by others, since every key in it is
/// refused unless it is private itself; but whoever can write to the folder can put keys of their own in place.
pub(crate) fn private_folder(folder: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mode =
        fs::metadata(folder).with_context(|| format!("cannot look at {}", folder.display()))?.permissions().mode();
    if mode & 0o022 != 0 {
        bail!(
            "{} can be changed by other users (mode {:o}), who could put keys of their own there: chmod 700 {}",
            folder.display(),
            mode & 0o777,
            folder.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
