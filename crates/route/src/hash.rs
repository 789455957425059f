//! Stable identities: SHA-256 over length-prefixed parts. `std`'s hasher may change with any compiler, and what is compared
//! here is compared between machines and written by many hands: nobody may be able to make two of one hash.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A hash being fed.
#[derive(Clone, Debug, Default)]
pub struct Hash(Sha256);

impl Hash {
    /// An empty hash.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one part. The length goes first, so that (`ab`, `c`) and (`a`, `bc`) differ.
    #[must_use]
    pub fn part(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Its first eight bytes, for identities within one process.
    pub fn finish(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.whole();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// All of it.
    pub fn whole(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// Its first sixteen bytes in hexadecimal, for people.
    pub fn hex(self) -> String {
        Hex(&self.whole()[..16]).to_string()
    }
}

/// Bytes as lower-case hexadecimal.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
