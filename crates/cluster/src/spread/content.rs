//! What a ConfigMap should hold, and what one is heard to hold: known by its hash.

use std::{collections::BTreeMap, fmt, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::ConfigMap;
use outrigger_route::hash::Hash;
use serde_json::{Value, json};

/// What a ConfigMap should hold.
#[derive(Clone)]
pub struct Content {
    data: BTreeMap<String, String>,
    binary: BTreeMap<String, Vec<u8>>,
    stamp: Option<(&'static str, SystemTime)>,
    hash: [u8; 32],
}

impl Content {
    /// These entries: `data` is text, `binary` bytes.
    pub fn new(data: BTreeMap<String, String>, binary: BTreeMap<String, Vec<u8>>) -> Self {
        let hash = hash(
            data.iter().map(|(key, text)| (key.as_str(), text.as_bytes())),
            binary.iter().map(|(key, bytes)| (key.as_str(), &bytes[..])),
        );
        Self { data, binary, stamp: None, hash }
    }

    /// With one entry of `data` more, which says when it was so, in milliseconds since 1970. That alone makes no content another:
    /// it is no reason to write.
    #[must_use]
    pub fn stamped(self, key: &'static str, at: SystemTime) -> Self {
        Self { stamp: Some((key, at)), ..self }
    }

    /// Whether it holds nothing. Such a map is not made; one that is there is emptied.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty() && self.binary.is_empty()
    }

    /// The bytes of its entries.
    pub fn bytes(&self) -> usize {
        self.data.values().map(String::len).chain(self.binary.values().map(Vec::len)).sum()
    }

    /// Its binary entries.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.binary.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice()))
    }

    /// One of its binary entries.
    pub fn file(&self, key: &str) -> Option<&[u8]> {
        self.binary.get(key).map(Vec::as_slice)
    }

    /// Its hash.
    pub(super) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Puts it into a ConfigMap.
    pub(super) fn fill(&self, map: &mut Value) {
        let mut data: BTreeMap<&str, String> =
            self.data.iter().map(|(key, text)| (key.as_str(), text.clone())).collect();
        if let Some((key, at)) = self.stamp.filter(|_| !self.is_empty()) {
            let millis = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
            data.insert(key, millis.to_string());
        }
        let binary: BTreeMap<&str, String> =
            self.binary.iter().map(|(key, bytes)| (key.as_str(), STANDARD.encode(bytes))).collect();
        map["data"] = json!(data);
        map["binaryData"] = json!(binary);
    }
}

/// Whenever it was so.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Content {}

/// Shows no content.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.data.keys().chain(self.binary.keys()).collect();
        f.debug_struct("Content").field("keys", &keys).finish_non_exhaustive()
    }
}

/// What a ConfigMap is heard to hold of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard([u8; 32]);

impl Heard {
    pub(super) fn of(map: &ConfigMap, ours: fn(&str) -> bool) -> Self {
        let data = map.data.iter().flatten().filter(|(key, _)| ours(key));
        let binary = map.binary_data.iter().flatten().filter(|(key, _)| ours(key));
        Self(hash(
            data.map(|(key, text)| (key.as_str(), text.as_bytes())),
            binary.map(|(key, bytes)| (key.as_str(), &bytes.0[..])),
        ))
    }

    /// As one holds that was written so.
    pub(super) fn written(content: &Content) -> Self {
        Self(content.hash)
    }

    /// Whether it is what it should be.
    pub(super) fn is(&self, content: &Content) -> bool {
        self.0 == content.hash
    }
}

fn hash<'a>(
    data: impl Iterator<Item = (&'a str, &'a [u8])>,
    binary: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> [u8; 32] {
    let add = |hash: Hash, (key, value): (&str, &[u8])| hash.part(key).part(value);
    let data = data.fold(Hash::new(), add).whole();
    let binary = binary.fold(Hash::new(), add).whole();
    Hash::new().part(data).part(binary).whole()
}
