//! Issuing, revoking, rotating. Each reads the folder anew under its lock: another process may have changed it.

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use ring::rand::{SecureRandom, SystemRandom};

use super::{
    LONGEST, Refused, Tokens, Workload,
    claims::Claims,
    hex, jwt,
    key::Key,
    seconds,
    stored::{self, Stored},
    time,
    tokens::named,
};
use crate::state::State;

/// A new token. Its `Debug` does not show it.
pub(crate) struct Issued {
    token: String,
    /// Its name (`jti`), under which it can be revoked.
    pub(crate) id: String,
    pub(crate) expires: SystemTime,
}

impl Issued {
    /// The token itself, for whoever asked for it and nobody else.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("id", &self.id).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// A token to be revoked.
pub(crate) enum Which<'a> {
    /// Its name.
    Id(&'a str),
    /// All of it.
    Token(&'a str),
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// The key that signs now.
    pub(crate) kid: String,
    /// Private halves of old keys that could not be deleted: nothing is signed with them, but they should go.
    pub(crate) left_over: Vec<PathBuf>,
}

impl Tokens {
    /// A token for `workload`, good from `now` on.
    pub(crate) fn issue(&self, workload: &Workload, lifetime: Duration, now: SystemTime) -> Result<Issued> {
        workload.check().map_err(|reason| anyhow!(reason))?;
        ensure!(lifetime.as_secs() > 0, "the lifetime must be at least 1s");
        ensure!(lifetime <= LONGEST, "the lifetime must be at most 90d: issue a new token before this one expires");
        let _lock = self.state.lock()?;
        let stored = current(&self.state)?;
        let key = Key::load(&self.state, stored.keys.signing().context("no key signs")?)?;
        let (id, from) = (new_id()?, seconds(now));
        let to = from + lifetime.as_secs();
        let token = key.sign(&Claims::new(workload, id.clone(), from, to))?;
        ensure!(
            token.len() <= jwt::LONGEST,
            "the token would have {} bytes, {} more than fit: leave out some labels",
            token.len(),
            token.len() - jwt::LONGEST
        );
        Ok(Issued { token, id, expires: time(to).context("the clock is wrong: set it right")? })
    }

    /// Has a token count no more. Answers its name.
    pub(crate) fn revoke(&self, which: &Which<'_>, now: SystemTime) -> Result<String> {
        let _lock = self.state.lock()?;
        let mut stored = current(&self.state)?;
        let (id, expires) = match which {
            Which::Id(id) => ((*id).to_owned(), None),
            Which::Token(token) => match named(&stored, token, now) {
                Ok((id, expires)) => (id, Some(expires)),
                Err(Refused::Expired) => bail!("there is nothing to revoke: the token has expired"),
                Err(Refused::WrongKey) => {
                    bail!("there is nothing to revoke: no key of this folder has signed the token")
                }
                Err(refused) => return Err(refused.into()),
            },
        };
        stored.revoked.add(&id, expires, now)?;
        stored.write_revoked(&self.state)?;
        Ok(id)
    }

    /// Has a new key sign from now on. Tokens of older keys count until they expire, or with `revoke_old` no more.
    pub(crate) fn rotate_key(&self, revoke_old: bool, now: SystemTime) -> Result<Rotation> {
        let _lock = self.state.lock()?;
        let mut stored = current(&self.state)?;
        if revoke_old {
            // Even a full list of keys must not stand in the way of ending them.
            stored.keys.drop_retired();
        }
        let key = Key::create(&self.state)?;
        if let Err(error) = stored.keys.rotate(key.kid(), key.public(), now) {
            key.discard(&self.state);
            return Err(error);
        }
        if revoke_old {
            stored.keys.drop_retired();
        }
        stored.write_keys(&self.state)?;
        if revoke_old {
            // Every token in it was signed by a key that is gone. After the keys: see `stored`.
            stored.revoked = Default::default();
            stored.write_revoked(&self.state)?;
        }
        Ok(Rotation { kid: key.kid().to_owned(), left_over: key.discard_others(&self.state)? })
    }
}

/// What the folder says now. The lock must be held.
fn current(state: &State) -> Result<Stored> {
    Stored::read(state)?.ok_or_else(|| stored::gone(state))
}

/// 128 random bits, which no two tokens share.
fn new_id() -> Result<String> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| anyhow!("no random numbers: the system gave none"))?;
    Ok(hex(&id))
}
