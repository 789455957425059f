//! By whose certificates a provider is known.

use std::{fmt, sync::Arc};

use crate::hash::{Hash, Hex};

/// Certificates (DER) of the authorities by which alone a provider is known, public ones not among them. A set: the same
/// ones in any order are equal.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorities {
    id: [u8; 32],
    certificates: Arc<[Box<[u8]>]>,
}

/// There are more of them, or they are larger, than [`Authorities::MOST`] and [`Authorities::BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Authorities {
    /// Most certificates.
    pub const MOST: usize = 64;
    /// Most bytes of all of them, and of the text that they were written in. The bundle of a company has a few kilobytes;
    /// all public roots together, which nobody needs to name, have 200.
    pub const BYTES: usize = 64 << 10;

    /// These.
    ///
    /// # Errors
    ///
    /// If they are beyond the bounds.
    pub fn new(certificates: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, TooMany> {
        let mut all: Vec<Box<[u8]>> = certificates.into_iter().map(Vec::into_boxed_slice).collect();
        all.sort_unstable();
        all.dedup();
        if all.len() > Self::MOST || all.iter().map(|it| it.len()).sum::<usize>() > Self::BYTES {
            return Err(TooMany);
        }
        let id = all.iter().fold(Hash::new(), |hash, it| hash.part(it)).whole();
        Ok(Self { id, certificates: all.into() })
    }

    /// None at all, where some are asked for and are not there: such a provider cannot be called.
    pub fn nobody() -> Self {
        Self { id: Hash::new().whole(), certificates: Arc::default() }
    }

    /// Whether nobody is trusted.
    pub fn is_nobody(&self) -> bool {
        self.certificates.is_empty()
    }

    /// SHA-256 of them: what is known under one is not known under another.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Each, in the order of their bytes.
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.certificates.iter().map(|it| &**it)
    }
}

/// How many, and the hash that stands for them.
impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({} of {})", self.certificates.len(), Hex(&self.id[..16]))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(certificates: &[&str]) -> Authorities {
        Authorities::new(certificates.iter().map(|it| it.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn the_same_ones_in_any_order_are_equal_and_others_are_not() {
        assert_eq!(of(&["a", "b", "a"]), of(&["b", "a"]));
        assert_eq!(format!("{:?}", of(&["a", "b"])), format!("{:?}", of(&["b", "a"])));
        for other in [of(&["ab"]), of(&["a"]), of(&[]), of(&["a", "c"])] {
            assert!(other != of(&["a", "b"]) && other.id() != of(&["a", "b"]).id());
        }
        assert_eq!(of(&[]), Authorities::nobody());
        assert!(of(&[]).is_nobody() && !of(&["a"]).is_nobody());
    }

    #[test]
    fn they_have_bounds() {
        let many = |count: usize, size: usize| Authorities::new((0..count).map(|at| vec![at as u8; size]));
        assert!(many(Authorities::MOST, 1).is_ok() && many(Authorities::MOST + 1, 1).is_err());
        assert!(many(1, Authorities::BYTES).is_ok() && many(2, Authorities::BYTES / 2 + 1).is_err());
    }
}
