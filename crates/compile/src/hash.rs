//! Stable hashes: FNV-1a over length-prefixed parts. `std`'s hasher may change with any compiler, and identities are
//! kept across restarts and compared between machines.

use std::fmt;

/// A hash being fed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one part. The length goes first, so that (`ab`, `c`) and (`a`, `bc`) differ.
    pub(crate) fn part(self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        (part.len() as u64).to_le_bytes().iter().chain(part).fold(self, |hash, byte| hash.byte(*byte))
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }

    fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
