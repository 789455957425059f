//! A private signing key: `keys/<kid>.pk8`. Only whoever issues reads it; to check tokens the list of keys is enough.

use std::{fmt, fs, path::PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde::Serialize;

use super::{hex, jwt};
use crate::state::{
    State,
    file::{self, Readers},
};

/// Larger than a key ever is.
const LIMIT: u64 = 4 << 10;

/// Signs tokens.
pub(super) struct Key {
    pair: Ed25519KeyPair,
    kid: String,
}

impl Key {
    /// A new key, written down before anything is signed with it.
    pub(super) fn create(state: &State) -> Result<Self> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| anyhow!("no random numbers"))?;
        let pair =
            Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| anyhow!("the new key cannot be read back"))?;
        let kid = kid(pair.public_key().as_ref());
        file::write(&path(state, &kid), Readers::Owner, pkcs8.as_ref())?;
        Ok(Self { pair, kid })
    }

    /// The key that is called `kid`.
    pub(super) fn load(state: &State, kid: &str) -> Result<Self> {
        let path = path(state, kid);
        let pkcs8 = file::read(&path, Readers::Owner, LIMIT)?.with_context(|| {
            format!("{} is missing: put it back, or `token rotate-key` for a new one", path.display())
        })?;
        // What the parser says is left out: it speaks about the content.
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| {
            anyhow!("{} is not an Ed25519 key: put it back, or `token rotate-key` for a new one", path.display())
        })?;
        let found = self::kid(pair.public_key().as_ref());
        ensure!(found == kid, "{} holds another key ({found}): put the right one back", path.display());
        Ok(Self { pair, kid: found })
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Takes back a key that was never used.
    pub(super) fn discard(self, state: &State) {
        // Left behind it would sign nothing either: it is in no list.
        let _ = fs::remove_file(path(state, &self.kid));
    }

    /// Deletes every other private key, and answers those that could not be: to verify, the public half in the list is
    /// enough, and what is not there cannot be stolen.
    pub(super) fn discard_others(&self, state: &State) -> Result<Vec<PathBuf>> {
        let (all, own) = (on_disk(state)?, path(state, &self.kid));
        Ok(all.into_iter().filter(|path| *path != own && fs::remove_file(path).is_err()).collect())
    }

    /// The token that says `claims`.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String> {
        jwt::sign(&self.pair, &self.kid, claims).context("the claims cannot be written as JSON")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The name of a key follows from it, so one cannot pass for another.
pub(super) fn kid(public: &[u8]) -> String {
    hex(&digest(&SHA256, public).as_ref()[..12])
}

/// Every private key of the folder.
pub(super) fn on_disk(state: &State) -> Result<Vec<PathBuf>> {
    let folder = state.path("keys");
    let files = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let paths = files.filter_map(|file| Some(file.ok()?.path()));
    Ok(paths.filter(|path| path.extension().is_some_and(|end| end == "pk8")).collect())
}

/// Where the key `kid` lies.
fn path(state: &State, kid: &str) -> PathBuf {
    state.path("keys").join(format!("{kid}.pk8"))
}
