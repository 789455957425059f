//! Keys by which users and sessions are hashed: one for each namespace, found by the one secret that the store keeps.

use std::{collections::BTreeSet, fmt};

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};

use crate::{
    db::{Db, Value},
    error::{Error, Result},
};

/// Name of the secret in the store.
const NAME: &str = "users";
/// Bytes of the secret: as many as a hash has.
const SECRET: usize = 32;
/// Bytes of a hash that are written, as sidecars do.
const HASHED: usize = 16;
/// Bytes of a clear word that sidecars write.
const CLEAR: usize = 128;

/// All keys.
#[derive(Clone)]
pub(crate) struct Keys(hmac::Key);

/// A key reaches nobody by way of a log.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// Reads the secret, and makes it where there is none. Of two that do so at once, one makes it and both read it.
    pub(crate) async fn open(db: &Db) -> Result<Self> {
        if let Some(known) = read(db).await? {
            return Ok(known);
        }
        let mut fresh = [0; SECRET];
        SystemRandom::new().fill(&mut fresh).map_err(|ring::error::Unspecified| Error::NoRandomness)?;
        let mut tx = db.write().await?;
        let sql = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        tx.execute(sql, &[Value::Text(NAME), Value::Bytes(&fresh)]).await?;
        tx.commit().await?;
        // Another one's may have been first.
        read(db).await?.ok_or_else(|| Error::Corrupt("a secret that was written is not there".into()))
    }

    /// By this secret.
    fn of(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The key of a namespace, 32 bytes.
    pub(crate) fn namespace(&self, namespace: &str) -> Vec<u8> {
        hmac::sign(&self.0, namespace.as_bytes()).as_ref().to_vec()
    }

    /// A user or a session of a namespace as its sidecars write it: `n:` and 32 digits.
    pub(crate) fn hashed(&self, namespace: &str, word: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.namespace(namespace));
        let hash = hmac::sign(&key, word.as_bytes());
        let digits = hash.as_ref().iter().take(HASHED).map(|byte| format!("{byte:02x}"));
        format!("n:{}", digits.collect::<String>())
    }
}

async fn read(db: &Db) -> Result<Option<Keys>> {
    let rows = db.read().await?.fetch("SELECT value FROM secrets WHERE name = $1", &[Value::Text(NAME)]).await?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
    let secret = row.bytes()?;
    if secret.len() != SECRET {
        return Err(Error::Corrupt("a secret of another length than it was made with".into()));
    }
    Ok(Some(Keys::of(&secret)))
}

/// Somebody, as whoever asks writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    /// As records have it: `n:`, `h:` or `p:` and 32 digits, or `c:` and the clear word.
    Written(&'a str),
    /// In clear.
    Clear(&'a str),
}

impl<'a> Named<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let hash = |rest: &str| rest.len() == 2 * HASHED && rest.bytes().all(digit);
        match text.split_at_checked(2) {
            Some(("c:", _)) => Self::Written(text),
            Some(("n:" | "h:" | "p:", rest)) if hash(rest) => Self::Written(text),
            _ => Self::Clear(text),
        }
    }
}

/// A clear word as sidecars write it that book users as they are.
pub(crate) fn clear(word: &str) -> String {
    format!("c:{}", &word[..word.floor_char_boundary(CLEAR)])
}

/// Every namespace that ever told anything, if those are at most so many.
pub(crate) async fn namespaces(db: &Db, most: i64) -> Result<BTreeSet<String>> {
    let sql = format!("SELECT DISTINCT namespace FROM epochs LIMIT {}", most + 1);
    let rows = db.read().await?.fetch(&sql, &[]).await?;
    if rows.len() as i64 > most {
        let why = format!("somebody has another hash in each of more than {most} namespaces: name the namespace");
        return Err(Error::TooMuch(why));
    }
    rows.into_iter().map(|mut row| row.text()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures are of another program's HMAC: with the sidecar's test of the same kind, both sides agree.
    #[test]
    fn a_namespace_has_a_key_and_a_word_has_a_hash_under_it() {
        let keys = Keys::of(&[9; SECRET]);
        assert_eq!(keys.hashed("prod", "ann"), "n:b9da64c5ac755f5a3e8735b265f40291");
        assert_eq!(keys.namespace("prod").len(), 32);
        assert_ne!(keys.namespace("prod"), keys.namespace("dev"));
        assert_ne!(keys.hashed("dev", "ann"), keys.hashed("prod", "ann"));
        assert_ne!(Keys::of(&[8; SECRET]).hashed("prod", "ann"), keys.hashed("prod", "ann"));
        assert_eq!(format!("{keys:?}"), "Keys(..)");
    }

    #[test]
    fn somebody_is_named_in_clear_or_as_records_have_it() {
        let hash = "00112233445566778899aabbccddeeff";
        for written in
            ["c:ann".to_owned(), "c:".to_owned(), format!("n:{hash}"), format!("h:{hash}"), format!("p:{hash}")]
        {
            assert_eq!(Named::read(&written), Named::Written(&written));
        }
        for plain in
            ["ann", "h:ann", "n", "", "ö:x", "x:00112233445566778899aabbccddeeff", "p:00112233445566778899AABBCCDDEEFF"]
        {
            assert_eq!(Named::read(plain), Named::Clear(plain));
        }
        assert_eq!(clear(&"é".repeat(100)).len(), 130);
    }
}
