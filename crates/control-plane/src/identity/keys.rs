//! The list of signing keys: one signs, retired ones still verify what they have signed. Public halves only.

use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{LEEWAY, LONGEST, key, seconds, time};

/// Most keys at one time. Far more than rotations within a token's life.
const MOST: usize = 64;

/// All keys whose tokens may count, oldest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    keys: Vec<Entry>,
}

/// One of them. Times are seconds since 1970.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kid: String,
    #[serde(with = "in_base64")]
    public: Vec<u8>,
    created: u64,
    /// When the next key took over; `None` for the one that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<u64>,
}

/// A key, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) kid: String,
    pub(crate) created: SystemTime,
    /// When the last token that it can have signed expires; `None` for the key that signs.
    pub(crate) verifies_until: Option<SystemTime>,
}

impl Keys {
    /// Reads a list. What a program of ours would not have written is refused whole.
    pub(super) fn parse(text: &[u8]) -> Result<Self> {
        // What the parser says stays: the list holds nothing secret.
        let keys: Self = serde_json::from_slice(text).context("it is not a list of keys")?;
        ensure!(keys.keys.len() <= MOST, "it lists more than {MOST} keys");
        for (at, entry) in keys.keys.iter().enumerate() {
            ensure!(entry.kid == key::kid(&entry.public), "key {:?} has another key's name", entry.kid);
            ensure!(!keys.keys[..at].iter().any(|other| other.kid == entry.kid), "key {:?} is there twice", entry.kid);
        }
        ensure!(keys.keys.iter().filter(|entry| entry.retired.is_none()).count() == 1, "not exactly one key signs");
        Ok(keys)
    }

    pub(super) fn to_text(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self).context("the list of keys cannot be written as JSON")?;
        text.push(b'\n');
        Ok(text)
    }

    /// The name of the key that signs.
    pub(super) fn signing(&self) -> Option<&str> {
        self.keys.iter().find(|entry| entry.retired.is_none()).map(|entry| entry.kid.as_str())
    }

    /// The public half of `kid`, if its tokens can count at `now`.
    pub(super) fn public(&self, kid: &str, now: SystemTime) -> Option<&[u8]> {
        let entry = self.keys.iter().find(|entry| entry.kid == kid)?;
        entry.counts(seconds(now)).then_some(&*entry.public)
    }

    /// Has the key with this name and public half sign from now on. The one before goes on verifying.
    pub(super) fn rotate(&mut self, kid: &str, public: &[u8], now: SystemTime) -> Result<()> {
        let now = seconds(now);
        self.keys.retain(|entry| entry.counts(now));
        if self.keys.len() >= MOST {
            bail!("{MOST} keys are in use already: wait until the oldest is, or --revoke-old to end them");
        }
        self.keys.iter_mut().filter(|entry| entry.retired.is_none()).for_each(|entry| entry.retired = Some(now));
        self.keys.push(Entry { kid: kid.to_owned(), public: public.to_owned(), created: now, retired: None });
        Ok(())
    }

    /// Ends every key that does not sign.
    pub(super) fn drop_retired(&mut self) {
        self.keys.retain(|entry| entry.retired.is_none());
    }

    /// What counts at `now`, oldest first.
    pub(super) fn standing(&self, now: SystemTime) -> Vec<Standing> {
        let shown = |entry: &Entry| {
            let verifies_until = entry.until().and_then(time);
            Some(Standing { kid: entry.kid.clone(), created: time(entry.created)?, verifies_until })
        };
        self.keys.iter().filter(|entry| entry.counts(seconds(now))).filter_map(shown).collect()
    }
}

impl Entry {
    fn counts(&self, now: u64) -> bool {
        self.until().is_none_or(|until| now < until)
    }

    /// The clock of the machine that signed last may have been ahead of the one that rotated.
    fn until(&self) -> Option<u64> {
        self.retired.map(|retired| retired.saturating_add(LONGEST.as_secs() + LEEWAY.as_secs()))
    }
}

mod in_base64 {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| D::Error::custom("a public key that is not base64url"))
    }
}
