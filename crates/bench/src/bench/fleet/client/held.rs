//! What one sidecar holds: keys and hashes, and no bodies.

use std::collections::BTreeMap;

use outrigger_api::{Hash, revision, v1};
use prost::Message as _;
use ring::digest::{SHA256, digest};

use crate::bench::fleet::policy::marked;

/// Keys and hashes.
#[derive(Debug, Default)]
pub(super) struct Holding {
    hashes: BTreeMap<Box<str>, Hash>,
    pub(super) revision: Box<str>,
    /// The edit that it holds.
    pub(super) mark: u32,
    /// Updates that changed something or were the first of a stream.
    pub(super) updates: u64,
}

impl Holding {
    /// What a hello says of it.
    pub(super) fn holdings(&self) -> Vec<v1::Holding> {
        self.hashes.iter().map(|(key, hash)| v1::Holding { key: key.to_string(), hash: hash.to_vec() }).collect()
    }

    /// Takes an update. The bodies of the first are hashed; of every one the revision has to come out as told.
    ///
    /// # Errors
    ///
    /// If it is not what it says it is.
    pub(super) fn apply(&mut self, namespace: &str, update: &v1::Update) -> Result<(), String> {
        let first = self.hashes.is_empty();
        for key in &update.removed {
            if self.hashes.remove(key.as_str()).is_none() {
                return Err(format!("{key} is removed and was never there"));
            }
        }
        for v1::Resource { key, hash, body } in &update.resources {
            let hash: Hash = hash[..].try_into().map_err(|_| format!("{key}: a hash of {} bytes", hash.len()))?;
            if first && digest(&SHA256, body).as_ref() != hash {
                return Err(format!("{key} is not of its hash"));
            }
            if *key == marked(namespace) {
                self.mark = mark(body).ok_or_else(|| format!("{key} is no route"))?;
            }
            if self.hashes.insert(key.as_str().into(), hash) == Some(hash) {
                return Err(format!("{key} was sent although it is held"));
            }
        }
        let came = revision(self.hashes.iter().map(|(key, hash)| (&**key, &hash[..])));
        if *came != *update.revision {
            return Err(format!("what is held is {came} and should be {}", update.revision));
        }
        self.revision = came;
        self.updates += 1;
        Ok(())
    }
}

fn mark(body: &[u8]) -> Option<u32> {
    match v1::Body::decode(body).ok()?.body? {
        v1::body::Body::Route(route) => Some(route.lines.first()?.weight),
        _ => None,
    }
}
