//! Keys of providers that a sidecar finds as files when it starts and no control plane can be asked: which, and that there are
//! not too many. They are known by name alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    names::KEYS,
    note::{Note, SECRETS_LEFT_OUT, SECRETS_UNKNOWN},
};

/// Most keys that a pod mounts.
pub const MOST: usize = 32;

/// A key of a provider, as an entry of a Secret of the pod's namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretKey {
    /// The Secret.
    pub secret: String,
    /// The entry of its data.
    pub key: String,
}

/// Which keys the policy of a pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// These, and so many more that are not listed.
    Known {
        /// In the order in which they are mounted for as long as there is room.
        keys: Vec<SecretKey>,
        /// Those beyond.
        beyond: usize,
    },
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// What of `secrets` is mounted: each once, and no more than may be.
pub(crate) fn mounted(secrets: &Secrets, notes: &mut Vec<Note>) -> Vec<SecretKey> {
    let (keys, beyond) = match secrets {
        Secrets::Known { keys, beyond } => (keys, *beyond),
        Secrets::Unknown(why) => {
            let text =
                format!("no key is mounted into the sidecar, though the profile says bootstrapSecrets: Mount: {why}");
            notes.push(Note::new(SECRETS_UNKNOWN, text));
            return Vec::new();
        }
    };
    let mut mounted: Vec<SecretKey> = Vec::new();
    let mut left_out = beyond;
    for key in keys.iter() {
        match () {
            () if mounted.contains(key) => {}
            () if mounted.len() < MOST => mounted.push(key.clone()),
            () => left_out += 1,
        }
    }
    if left_out > 0 {
        let text = format!(
            "{MOST} keys of the pod's policy are mounted into the sidecar, as many as may be, and {left_out} are not: those come \
             with the control plane alone"
        );
        notes.push(Note::new(SECRETS_LEFT_OUT, text));
    }
    mounted
}

/// The volume with these keys; none where there is none. A Secret that is not there, or has no such entry, keeps no pod waiting.
pub(crate) fn volume(keys: &[SecretKey]) -> Option<Value> {
    let mut secrets: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for SecretKey { secret, key } in keys {
        let item = json!({"key": key, "path": format!("{secret}/{key}")});
        secrets.entry(secret).or_default().push(item);
    }
    let source = |(name, items)| json!({"secret": {"name": name, "items": items, "optional": true}});
    let sources: Vec<Value> = secrets.into_iter().map(source).collect();
    (!sources.is_empty()).then(|| json!({"name": KEYS, "projected": {"defaultMode": 0o444, "sources": sources}}))
}
