//! Where the programs are kept: one folder for each version, which all checkouts of one user share.

use std::{
    env, fs,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::VERSION;

/// The folder of one version.
#[derive(Debug)]
pub(super) struct Cache(PathBuf);

impl Cache {
    /// # Errors
    ///
    /// If no variable says where, or the folder cannot be made.
    pub(super) fn open() -> Result<Self> {
        let folder = root()?.join("kubernetes").join(VERSION);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// The finished programs.
    pub(super) fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// Where they are linked to, before they take the place of earlier ones.
    pub(super) fn draft(&self) -> PathBuf {
        self.0.join("draft")
    }

    /// What Go downloads and compiles. A build that was interrupted goes on from it.
    pub(super) fn go(&self) -> PathBuf {
        self.0.join("go")
    }

    /// Whether the programs are those of this stamp.
    pub(super) fn holds(&self, stamp: &str) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|finished| finished == stamp)
    }

    /// Puts the draft in place.
    pub(super) fn finish(&self, stamp: &str) -> Result<()> {
        remove(&self.stamp())?;
        remove(&self.bin())?;
        fs::rename(self.draft(), self.bin())?;
        fs::write(self.stamp(), stamp)?;
        Ok(())
    }

    /// Held while something is built; whoever comes second waits.
    pub(super) fn lock(&self) -> Result<File> {
        let file = File::options().create(true).append(true).open(self.0.join("lock"))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => println!("another run builds them already: waiting for it"),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.lock()?;
        Ok(file)
    }

    fn stamp(&self) -> PathBuf {
        self.0.join("stamp")
    }
}

/// Removes a file or a folder with all that is in it, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    let result = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Where everything that outlives a checkout is kept.
pub(crate) fn root() -> Result<PathBuf> {
    let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("OUTRIGGER_CACHE")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("outrigger")))
        .or_else(|| Some(folder("HOME")?.join(".cache/outrigger")))
        .context("nothing says where to keep the programs: set OUTRIGGER_CACHE to a folder")
}
