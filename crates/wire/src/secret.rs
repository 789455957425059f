//! A value that must never be shown.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A provider key. It has neither `Debug` nor `Display`, so it cannot reach a log, an error or a dump by accident;
/// [`Secret::expose`] is the one way out and is called where a request is put on the wire. What it held is wiped when it is
/// dropped; what was made of it, such as a header, is not.
#[derive(Clone, PartialEq, Eq, Hash)]
#[allow(missing_debug_implementations)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps `value`.
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The text itself, for the `Authorization` header of an upstream request and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}

impl Drop for Secret {
    fn drop(&mut self) {
        self.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What drop does; memory that was given back is for no test to read.
    #[test]
    fn a_key_is_wiped_and_its_copies_are_not_the_same_memory() {
        fn wiped_on_drop<T: ZeroizeOnDrop>() -> bool {
            std::mem::needs_drop::<T>()
        }
        let mut secret = Secret::new("sk-0123456789");
        let copy = secret.clone();
        secret.zeroize();
        assert!(secret.expose().bytes().all(|byte| byte == 0) && copy.expose() == "sk-0123456789");
        assert!(wiped_on_drop::<Secret>());
    }
}
