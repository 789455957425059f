//! What the state folder says of tokens: `keys/index.json` and `revoked.json`.
//!
//! The order in which files are written and read is what keeps a reader, who takes no lock, from ever believing more than
//! is true. `revoked.json` is made before the first list of keys and only emptied after one without the old keys was
//! written; so it is read first.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result, anyhow, bail};

use super::{
    key::{Key, on_disk},
    keys::Keys,
    revoked::Revoked,
};
use crate::state::{
    State,
    file::{self, Readers, Stamp},
    private_folder,
};

/// Larger than the longest list of keys.
const KEYS_LIMIT: u64 = 64 << 10;
/// Larger than the longest list of revoked tokens.
const REVOKED_LIMIT: u64 = 16 << 20;

/// The content of both files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) keys: Keys,
    pub(super) revoked: Revoked,
}

/// What both files are like, without reading them.
pub(super) type Stamps = [Option<Stamp>; 2];

impl Stored {
    /// What is there; `None` if the folder was never used for tokens.
    pub(super) fn read(state: &State) -> Result<Option<Self>> {
        let (keys, revoked) = (keys_path(state), revoked_path(state));
        if file::stamp(&keys)?.is_none() {
            return Ok(None);
        }
        let text = file::read(&revoked, Readers::Anybody, REVOKED_LIMIT)?.with_context(|| {
            format!("{} is missing, so revoked tokens would count again: put it back from a backup", revoked.display())
        })?;
        let revoked = Revoked::parse(&text).with_context(|| bad(&revoked))?;
        let Some(text) = file::read(&keys, Readers::Anybody, KEYS_LIMIT)? else { return Ok(None) };
        let keys = Keys::parse(&text).with_context(|| bad(&keys))?;
        Ok(Some(Self { keys, revoked }))
    }

    /// Makes the first key. The lock must be held.
    pub(super) fn create(state: &State, now: SystemTime) -> Result<Self> {
        let folder = state.path("keys");
        private_folder(&folder)?;
        if !on_disk(state)?.is_empty() {
            bail!(
                "{} holds keys without index.json: put it back from a backup; or move {} away, and no token counts any more",
                folder.display(),
                folder.display()
            );
        }
        let mut stored = Self::default();
        if let Some(text) = file::read(&revoked_path(state), Readers::Anybody, REVOKED_LIMIT)? {
            stored.revoked = Revoked::parse(&text).with_context(|| bad(&revoked_path(state)))?;
        } else {
            stored.write_revoked(state)?;
        }
        let key = Key::create(state)?;
        stored.keys.rotate(key.kid(), key.public(), now)?;
        stored.write_keys(state)?;
        Ok(stored)
    }

    /// Replaces the list of keys. The lock must be held.
    pub(super) fn write_keys(&self, state: &State) -> Result<()> {
        file::write(&keys_path(state), Readers::Owner, &self.keys.to_text()?)
    }

    /// Replaces the list of revoked tokens. The lock must be held.
    pub(super) fn write_revoked(&self, state: &State) -> Result<()> {
        file::write(&revoked_path(state), Readers::Owner, &self.revoked.to_text()?)
    }
}

/// What both files are like now. To be asked before they are read: what changes in between is then seen the next time.
pub(super) fn stamps(state: &State) -> Result<Stamps> {
    Ok([file::stamp(&revoked_path(state))?, file::stamp(&keys_path(state))?])
}

/// The error of a folder that held keys when the process started and does not now.
pub(super) fn gone(state: &State) -> anyhow::Error {
    anyhow!("{} is missing: put it back from a backup", keys_path(state).display())
}

fn keys_path(state: &State) -> PathBuf {
    state.path("keys").join("index.json")
}

fn revoked_path(state: &State) -> PathBuf {
    state.path("revoked.json")
}

fn bad(path: &Path) -> String {
    format!("{} cannot be used: put it back from a backup", path.display())
}
