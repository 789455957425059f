//! What a control plane and sidecars say to each other.
//!
//! [`v1`] is generated from `proto/outrigger/policy/v1`, whose comments are the manual. [`encode`](mod@encode) turns a view into
//! resources, [`decode`](mod@decode) resources into a view: both take the types of `route` apart without `..`, so that a new
//! field stops the build here instead of being lost on the way.

pub mod bootstrap;
pub mod decode;
pub mod encode;
pub mod key;
mod words;

/// Generated.
#[allow(missing_docs, unreachable_pub, clippy::all, missing_debug_implementations)]
pub mod v1 {
    tonic::include_proto!("outrigger.policy.v1");

    impl std::fmt::Debug for Resource {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Resource").field("key", &self.key).field("bytes", &self.body.len()).finish_non_exhaustive()
        }
    }

    /// A key has no `Debug`; what holds one shows its name.
    impl std::fmt::Debug for Credential {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Credential").field("name", &self.name).finish_non_exhaustive()
        }
    }
}

/// Generated, from `proto/outrigger/fleet/v1`: what replicas of a control plane say to each other.
#[allow(missing_docs, unreachable_pub, clippy::all, missing_debug_implementations)]
pub mod fleet {
    tonic::include_proto!("outrigger.fleet.v1");
}

/// Generated, from `proto/outrigger/ledger/v1`: what sidecars tell the ledger.
#[allow(missing_docs, unreachable_pub, clippy::all, missing_debug_implementations)]
pub mod ledger {
    tonic::include_proto!("outrigger.ledger.v1");

    /// Whether it has a key is all that is shown of one.
    impl std::fmt::Debug for AppendResponse {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("AppendResponse")
                .field("through", &self.through)
                .field("has_user_key", &!self.user_key.is_empty())
                .finish_non_exhaustive()
        }
    }
}

/// How messages are read and written, for whoever must not know by what.
pub use prost::Message;

use sha2::{Digest as _, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash of a body.
pub fn hash(body: &[u8]) -> Hash {
    Sha256::digest(body).into()
}

/// The revision of a view: over the keys and hashes of all its resources, in order of keys. 32 hexadecimal digits.
pub fn revision<'a>(resources: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Box<str> {
    let hash = outrigger_route::hash::Hash::new();
    resources.into_iter().fold(hash, |hash, (key, body)| hash.part(key).part(body)).hex().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
