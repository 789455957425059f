//! The list of revoked tokens: name and when it would have expired, after which it need not be remembered.

use std::{collections::BTreeMap, time::SystemTime};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{LEEWAY, LONGEST, claims::is_id, seconds};

/// Most entries. Every process holds them all in memory.
pub(super) const MOST: usize = 100_000;

/// Tokens that do not count although nothing else is wrong with them. JSON, so that half a file is never taken for a
/// shorter list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoked {
    revoked: BTreeMap<String, u64>,
}

impl Revoked {
    /// Reads a list. What a program of ours would not have written is refused whole.
    pub(super) fn parse(text: &[u8]) -> Result<Self> {
        let list: Self = serde_json::from_slice(text).context("it is not a list of revoked tokens")?;
        ensure!(list.revoked.len() <= MOST, "it lists more than {MOST} tokens");
        ensure!(list.revoked.keys().all(|id| is_id(id)), "it lists what cannot be the name of a token");
        Ok(list)
    }

    pub(super) fn to_text(&self) -> Result<Vec<u8>> {
        let mut text =
            serde_json::to_vec_pretty(self).context("the list of revoked tokens cannot be written as JSON")?;
        text.push(b'\n');
        Ok(text)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.revoked.contains_key(id)
    }

    /// Adds a token; what has expired meanwhile is forgotten. Without `expires` it is remembered for as long as any token
    /// of today can live.
    pub(super) fn add(&mut self, id: &str, expires: Option<SystemTime>, now: SystemTime) -> Result<()> {
        if !is_id(id) {
            bail!("this is not the name of a token (jti): it is printed when one is issued; or give the token itself");
        }
        let now = seconds(now);
        self.revoked.retain(|_, expires| *expires > now);
        if self.revoked.len() >= MOST && !self.contains(id) {
            bail!(
                "{MOST} tokens are revoked already: `token rotate-key --revoke-old` ends all of them and every other"
            );
        }
        let expires = expires.map_or(now + LONGEST.as_secs() + LEEWAY.as_secs(), seconds);
        let known = self.revoked.entry(id.to_owned()).or_insert(expires);
        *known = expires.max(*known);
        Ok(())
    }
}
