//! Words by which a caller says on whose behalf it asks: as they are, or as hashes that nobody can turn back without the key.

use ring::hmac;

/// Most bytes of such a word that are kept clear.
const CLEAR: usize = 128;
/// Bytes of a hash.
const HASHED: usize = 16;

/// What is booked of `user` and `session_id`.
#[derive(Clone)]
pub enum Users {
    /// A hash by this key (HMAC-SHA-256).
    Hashed(hmac::Key),
    /// The word itself, at most 128 bytes of it.
    Clear,
    /// Nothing.
    None,
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hashed(_) => "Hashed",
            Self::Clear => "Clear",
            Self::None => "None",
        })
    }
}

impl Users {
    /// Hashes by `key`, which is at least 16 bytes long.
    pub fn hashed(key: &[u8]) -> Self {
        Self::Hashed(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Hashes by a key that nobody else has, nor this process after its end.
    pub fn drawn() -> Self {
        let random = ring::rand::SystemRandom::new();
        match hmac::Key::generate(hmac::HMAC_SHA256, &random) {
            Ok(key) => Self::Hashed(key),
            // Where the system has no randomness, no word of a caller is worth being booked by less.
            Err(ring::error::Unspecified) => Self::None,
        }
    }

    /// As it is booked: `h:` and the hash in hexadecimal digits, or `c:` and the word.
    pub(super) fn booked(&self, word: &str) -> Box<str> {
        match self {
            Self::None => "".into(),
            Self::Clear => format!("c:{}", &word[..word.floor_char_boundary(CLEAR)]).into(),
            Self::Hashed(key) => {
                let hash = hmac::sign(key, word.as_bytes());
                let digits =
                    |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
                "h:".chars().chain(hash.as_ref().iter().take(HASHED).flat_map(digits)).collect::<String>().into()
            }
        }
    }
}
