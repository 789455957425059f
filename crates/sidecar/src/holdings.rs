//! What a sidecar was told, and what of it is good: pure.
//!
//! Two maps. `said` is what the control plane said last, key by key; its hashes are what a hello names. `kept` is what a
//! broken object had been before: a broken object is no removal, so it goes on until the object is mended or deleted.

mod apply;
mod boot;
mod found;
mod parts;
mod pending;

use std::{collections::BTreeMap, time::SystemTime};

pub(crate) use apply::said as apply_said;
pub(crate) use found::Found;

use bytes::Bytes;
use outrigger_api::{Hash, v1};

/// Most resources, and most bytes of all of them together: beyond that an update is refused as a whole.
pub(crate) const MOST: usize = 16_384;
pub(crate) const BYTES: usize = 64 << 20;

/// A policy as it was told.
#[derive(Clone, Default)]
pub(crate) struct Holdings {
    /// The revision that was applied last.
    pub(crate) revision: Box<str>,
    /// When.
    pub(crate) received: Option<SystemTime>,
    /// Whom the control plane takes this sidecar for.
    pub(crate) workload: Option<v1::Workload>,
    pub(crate) said: BTreeMap<Box<str>, Said>,
    pub(crate) kept: BTreeMap<Box<str>, Kept>,
    /// Keys that nobody has told of and that are mounted: until the first update, kept nowhere, told nobody.
    pub(crate) mounted: Found,
}

/// One resource as it came.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) hash: Hash,
    pub(crate) body: Bytes,
}

/// The last good value of what is broken.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) body: Bytes,
    /// Since when it is all there is; `None` while it is the present value.
    pub(crate) since: Option<SystemTime>,
    /// The limits under which it was good.
    pub(crate) limits: Box<str>,
}

impl Holdings {
    /// Whether a policy was ever applied.
    pub(crate) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// What a hello says of it.
    pub(crate) fn holdings(&self) -> Vec<v1::Holding> {
        let each = self.said.iter();
        each.map(|(key, said)| v1::Holding { key: key.to_string(), hash: said.hash.to_vec() }).collect()
    }
}

/// Shows no content: some of it is keys.
impl std::fmt::Debug for Holdings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holdings")
            .field("revision", &self.revision)
            .field("said", &self.said.keys())
            .field("kept", &self.kept.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests;
