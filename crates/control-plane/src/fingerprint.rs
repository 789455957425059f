//! What people are shown of a provider's key, to tell one from the next: equal keys look equal, whoever holds them, and
//! nobody without the control plane's own key can try out which key it is.

use arc_swap::ArcSwapOption;
use outrigger_api::Hash;
use outrigger_route::hash::Hex;
use ring::hmac;

/// What the key is for: another purpose has another key.
const PURPOSE: &[u8] = b"outrigger.dev/fleet: keyed hashes of credentials";
/// So many bytes of a hash are shown.
const SHOWN: usize = 8;

/// Makes fingerprints with a key that may not be known yet.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints(ArcSwapOption<Key>);

struct Key(hmac::Key);

impl Fingerprints {
    /// Those of the control plane that has this secret.
    #[cfg(test)]
    pub(crate) fn of_secret(secret: &[u8]) -> Self {
        let fingerprints = Self::default();
        fingerprints.derive(secret);
        fingerprints
    }

    /// Those of the control plane that has this secret, from now on.
    pub(crate) fn derive(&self, secret: &[u8]) {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), PURPOSE);
        self.0.store(Some(Key(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())).into()));
    }

    /// The fingerprint of a key with this hash: 16 hexadecimal digits. `None` while no secret is known.
    pub(crate) fn of(&self, key: &Hash) -> Option<String> {
        let ours = self.0.load();
        let tag = hmac::sign(&ours.as_ref()?.0, key);
        Some(Hex(&tag.as_ref()[..SHOWN]).to_string())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Z2: a hash that is shown is worth nothing without the secret.
    #[test]
    fn equal_keys_look_equal_to_one_control_plane() {
        let (ours, same, other) =
            (Fingerprints::of_secret(b"a"), Fingerprints::of_secret(b"a"), Fingerprints::of_secret(b"b"));
        let of = |all: &Fingerprints, key: u8| all.of(&[key; 32]).unwrap();
        assert_eq!(of(&ours, 1), of(&same, 1));
        assert_ne!(of(&ours, 1), of(&ours, 2));
        assert_ne!(of(&ours, 1), of(&other, 1), "nothing can be tried out without the secret");
        assert_eq!(of(&ours, 1).len(), 16);
        assert_eq!(Fingerprints::default().of(&[1; 32]), None);
        assert!(!format!("{ours:?}").contains("97"));
    }
}
