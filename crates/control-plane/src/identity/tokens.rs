//! Checking tokens against the last good state of the folder.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use anyhow::{Context, Result};
use arc_swap::ArcSwap;

use super::{
    Identity, Refused, Standing, Stands, Token,
    claims::Claims,
    jwt::Parts,
    seconds,
    stored::{self, Stamps, Stored},
};
use crate::state::State;

/// Checks tokens; issues, revokes and rotates (see `change.rs`). Shared by every connection: a check takes no lock.
pub(crate) struct Tokens {
    pub(super) state: State,
    stored: ArcSwap<Stored>,
    seen: Mutex<Seen>,
}

/// What was found the last time somebody looked.
struct Seen {
    stamps: Stamps,
    /// The last complaint, so that the same is not made twice a second.
    complaint: Option<String>,
}

impl Tokens {
    /// The tokens of the folder; the first to ask makes its first key.
    pub(crate) fn open(state: State, now: SystemTime) -> Result<Self> {
        let mut stamps = stored::stamps(&state)?;
        let stored = match Stored::read(&state)? {
            Some(stored) => stored,
            None => {
                let _lock = state.lock()?;
                stamps = stored::stamps(&state)?;
                match Stored::read(&state)? {
                    Some(stored) => stored,
                    None => Stored::create(&state, now)?,
                }
            }
        };
        let seen = Mutex::new(Seen { stamps, complaint: None });
        Ok(Self { state, stored: ArcSwap::from_pointee(stored), seen })
    }

    /// Who holds this token.
    pub(crate) fn verify(&self, token: &str, now: SystemTime) -> Result<Identity, Refused> {
        verify(&self.stored.load(), token, now)
    }

    /// Whether a token that was good still is: to be asked of open streams when time goes by, and when
    /// [`Tokens::reload_if_changed`] says so.
    pub(crate) fn recheck(&self, token: &Token, now: SystemTime) -> Result<(), Refused> {
        let stored = self.stored.load();
        if now >= token.expires {
            return Err(Refused::Expired);
        }
        let Stands::Key(kid) = &token.stands else { return Err(Refused::WrongKey) };
        if stored.keys.public(kid, now).is_none() {
            return Err(Refused::WrongKey);
        }
        if stored.revoked.contains(&token.id) { Err(Refused::Revoked) } else { Ok(()) }
    }

    /// Takes over what another process, or this one, has changed in the folder; whether there was anything. Costs two
    /// looks at a file if not.
    ///
    /// # Errors
    ///
    /// If a file is broken or missing: once for each complaint. The last good state goes on counting, and the files are
    /// tried again at every call.
    pub(crate) fn reload_if_changed(&self) -> Result<bool> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match self.reload(&mut seen) {
            Ok(changed) => {
                seen.complaint = None;
                Ok(changed)
            }
            Err(error) => {
                let complaint = format!("{error:#}");
                if seen.complaint.replace(complaint.clone()) == Some(complaint) { Ok(false) } else { Err(error) }
            }
        }
    }

    fn reload(&self, seen: &mut Seen) -> Result<bool> {
        let stamps = stored::stamps(&self.state)?;
        if stamps == seen.stamps {
            return Ok(false);
        }
        let stored = Stored::read(&self.state)
            .and_then(|stored| stored.ok_or_else(|| stored::gone(&self.state)))
            .context("the last good keys and revocations go on counting")?;
        seen.stamps = stamps;
        let changed = **self.stored.load() != stored;
        if changed {
            self.stored.store(stored.into());
        }
        Ok(changed)
    }

    /// The keys whose tokens can count at `now`, oldest first.
    pub(crate) fn keys(&self, now: SystemTime) -> Vec<Standing> {
        self.stored.load().keys.standing(now)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("state", &self.state).finish_non_exhaustive()
    }
}

/// The whole check, on what the folder says.
fn verify(stored: &Stored, token: &str, now: SystemTime) -> Result<Identity, Refused> {
    let (claims, kid) = signed(stored, token, now)?;
    let identity = claims.identity(kid, now)?;
    if stored.revoked.contains(&identity.token.id) { Err(Refused::Revoked) } else { Ok(identity) }
}

/// Name and end of a token that a key of ours has signed, whether it counts now or not.
pub(super) fn named(stored: &Stored, token: &str, now: SystemTime) -> Result<(String, SystemTime), Refused> {
    let (claims, _) = signed(stored, token, now)?;
    if claims.exp <= seconds(now) {
        return Err(Refused::Expired);
    }
    Ok((claims.jti, super::time(claims.exp).ok_or(Refused::Malformed)?))
}

/// What a key of ours has signed, and which.
fn signed(stored: &Stored, token: &str, now: SystemTime) -> Result<(Claims, String), Refused> {
    let parts = Parts::of(token)?;
    let public = stored.keys.public(&parts.kid, now).ok_or(Refused::WrongKey)?;
    let claims = Claims::read(&parts.payload(public)?)?;
    Ok((claims, parts.kid))
}
