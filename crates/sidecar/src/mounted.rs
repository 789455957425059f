//! Keys of providers that are mounted into the sidecar, each as the file `SECRET/KEY`: what providers of the pod's own namespace
//! are asked with while it serves a bootstrap and no control plane has said anything. What it says takes their place, and
//! nobody looks at the files any more.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use outrigger_api::{bootstrap::KEYS, v1};
use outrigger_route::snapshot::Credential;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    bootstrap::small,
    holdings::{Found, Holdings},
};

/// How often files are looked at: a kubelet renews them within a minute or two of an edit.
const AGAIN: Duration = Duration::from_secs(10);
/// Longest key.
const KEY: u64 = 16 << 10;

/// The files of this pod.
#[derive(Debug)]
pub(crate) struct Mounted {
    folder: PathBuf,
    /// At most [`KEYS`].
    keys: Vec<v1::BootstrapKey>,
    /// Providers whose keys are in no file, and why.
    waiting: Vec<String>,
    looked: Option<Instant>,
    /// What was in the files, to tell what is news.
    before: Option<Marks>,
}

/// What was found, told from something else: identities of keys, and what was wrong with the others.
type Marks = (Vec<(Box<str>, u64)>, Vec<String>);

/// Why a key cannot be used; what is in its file is never said.
#[derive(Debug)]
enum Unusable {
    Missing,
    Unread(io::Error),
    NotText,
    Empty,
    Unsendable,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "is not mounted: it was not there, or not of this pod's policy, when the pod was created, or it is gone",
            ),
            Self::Unread(error) => write!(f, "cannot be read: {error}"),
            Self::NotText => f.write_str("is not text"),
            Self::Empty => f.write_str("is empty: put the key there"),
            Self::Unsendable => f.write_str("holds characters that no header can carry"),
        }
    }
}

impl Mounted {
    /// What may be found in `folder` of these `keys`, for what `holdings` has no keys for. `namespace`: the pod's own, of which
    /// all that is mounted is.
    pub(crate) fn new(folder: &Path, mut keys: Vec<v1::BootstrapKey>, namespace: &str, holdings: &Holdings) -> Self {
        let pending = holdings.pending();
        let home = |provider: &str| provider.split_once('/').is_some_and(|(home, _)| home == namespace);
        keys.retain(|key| home(&key.provider) && pending.iter().any(|provider| **provider == *key.provider));
        keys.truncate(KEYS);
        let others = pending.iter().filter(|provider| !keys.iter().any(|key| *key.provider == ***provider));
        let waiting = others.map(|provider| match home(provider) {
            false => format!(
                "the keys of ModelProvider {provider} lie in another namespace, whose Secrets no pod can mount: they come with \
                 the control plane alone"
            ),
            true => format!(
                "no key of ModelProvider {provider} is mounted: they come with the control plane alone; a pod has at most {KEYS}"
            ),
        });
        Self { folder: folder.to_owned(), waiting: waiting.collect(), keys, looked: None, before: None }
    }

    /// What is there now, if it is time to look and something has changed.
    pub(crate) fn look(&mut self, now: Instant) -> Option<Found> {
        if self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < AGAIN) {
            return None;
        }
        self.looked = Some(now);
        let (mut found, mut problems) = (BTreeMap::<Box<str>, Vec<Credential>>::new(), self.waiting.clone());
        for key in &self.keys {
            let v1::BootstrapKey { provider, name, weight, secret, key } = key;
            match read(&self.folder.join(secret).join(key)) {
                Ok(value) => {
                    let credential = Credential::new(provider, name, &value, *weight);
                    found.entry(provider.as_str().into()).or_default().push(credential);
                }
                Err(why) => problems.push(format!(
                    "the key {name} of ModelProvider {provider} (Secret {secret}, entry {key}) {why}; it comes with the control \
                     plane"
                )),
            }
        }
        let ids = found.iter().flat_map(|(provider, keys)| keys.iter().map(|key| (provider.clone(), key.id)));
        let marks = (ids.collect(), problems.clone());
        if self.before.as_ref() == Some(&marks) {
            return None;
        }
        self.before = Some(marks);
        // Where every share is nothing, nobody would be asked.
        found.retain(|_, keys| keys.iter().any(|key| key.weight > 0));
        let keys = found.into_iter().map(|(provider, keys)| (provider, Arc::from(keys))).collect();
        Some(Found { keys, problems })
    }
}

/// The key in a file, as a control plane would take it. Neither it nor what it was read into outlives its use.
fn read(file: &Path) -> Result<Zeroizing<String>, Unusable> {
    let bytes = small(file, KEY).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unusable::Missing,
        _ => Unusable::Unread(error),
    })?;
    // What the standard library says of bytes that are none quotes none of them, and neither do we.
    let text = String::from_utf8(bytes).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        Unusable::NotText
    })?;
    // A file turned into a Secret ends with a line break more often than not.
    match text.trim() {
        "" => Err(Unusable::Empty),
        text if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) => Err(Unusable::Unsendable),
        text => Ok(Zeroizing::new(text.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
