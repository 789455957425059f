//! Words by which a caller says on whose behalf it asks: as they are, or as hashes that nobody can turn back without the key.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ring::hmac;

/// Most bytes of such a word that are kept clear.
const CLEAR: usize = 128;
/// Bytes of a hash.
const HASHED: usize = 16;

/// What is booked of `user` and `session_id`: a handle, shared by whoever books and whoever learns the namespace's key.
#[derive(Clone)]
pub struct Users(Arc<ArcSwap<Way>>);

/// How.
enum Way {
    /// A hash by this key (HMAC-SHA-256).
    Hashed(Whose, hmac::Key),
    /// The word itself, at most 128 bytes of it.
    Clear,
    /// Nothing, until there is a key.
    None,
}

/// Whose key it is: who reads the hash is told by a letter before it, as `ledger.proto` has them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The operator gave it.
    Operator,
    /// The ledger gave it, to every sidecar of the namespace.
    Namespace,
    /// This process drew it, and nobody else has it.
    Process,
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match **self.0.load() {
            Way::Hashed(..) => "Hashed",
            Way::Clear => "Clear",
            Way::None => "None",
        })
    }
}

impl Users {
    fn of(way: Way) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(way)))
    }

    /// Hashes by `key`, which is at least 16 bytes long, whatever a ledger says.
    pub fn hashed(key: &[u8]) -> Self {
        Self::of(Way::Hashed(Whose::Operator, hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    /// The words as they are, at most 128 bytes of each, whatever a ledger says.
    pub fn clear() -> Self {
        Self::of(Way::Clear)
    }

    /// Hashes by the namespace's key once it is [learned](Self::learn); until then by one that nobody else has, nor this process
    /// after its end.
    pub fn awaited() -> Self {
        let random = ring::rand::SystemRandom::new();
        Self::of(match hmac::Key::generate(hmac::HMAC_SHA256, &random) {
            Ok(key) => Way::Hashed(Whose::Process, key),
            // Where the system has no randomness, no word of a caller is worth being booked by less.
            Err(ring::error::Unspecified) => Way::None,
        })
    }

    /// The ledger says the namespace's key. Answers whether anything is another from now on: where the operator has said how
    /// users are booked, nothing ever is.
    pub fn learn(&self, key: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        match &**self.0.load() {
            Way::Clear | Way::Hashed(Whose::Operator, _) => return false,
            // Keys cannot be held against each other; what they make of a word can.
            Way::Hashed(Whose::Namespace, known)
                if hmac::sign(known, b"").as_ref() == hmac::sign(&key, b"").as_ref() =>
            {
                return false;
            }
            Way::Hashed(..) | Way::None => {}
        }
        self.0.store(Arc::new(Way::Hashed(Whose::Namespace, key)));
        true
    }

    /// Whether a ledger's key would change anything.
    pub fn is_awaited(&self) -> bool {
        matches!(**self.0.load(), Way::None | Way::Hashed(Whose::Process, _))
    }

    /// As it is booked: a letter and the hash in hexadecimal digits, or `c:` and the word.
    pub(super) fn booked(&self, word: &str) -> Box<str> {
        match &**self.0.load() {
            Way::None => "".into(),
            Way::Clear => format!("c:{}", &word[..word.floor_char_boundary(CLEAR)]).into(),
            Way::Hashed(whose, key) => {
                let letter = match whose {
                    Whose::Operator => "h:",
                    Whose::Namespace => "n:",
                    Whose::Process => "p:",
                };
                let hash = hmac::sign(key, word.as_bytes());
                let digits =
                    |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
                letter.chars().chain(hash.as_ref().iter().take(HASHED).flat_map(digits)).collect::<String>().into()
            }
        }
    }
}
