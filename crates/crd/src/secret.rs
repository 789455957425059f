//! The part of a core/v1 `Secret` that matters here.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::{ByteString, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::Deserialize;

/// A core/v1 `Secret`. Read, never written: there is no `Serialize`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Name and namespace.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// `Opaque` and others; not looked at.
    #[serde(default, rename = "type")]
    pub type_: Option<String>,
    /// Values in base64.
    #[serde(default)]
    pub data: Hidden<ByteString>,
    /// Values as plain text; they win over `data`, as in the API server.
    #[serde(default)]
    pub string_data: Hidden<String>,
}

/// Values by key, of which `Debug` shows the keys alone.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden<T>(pub BTreeMap<String, T>);

impl Secret {
    /// The value under `key`, if there is one.
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        let plain = self.string_data.0.get(key).map(String::as_bytes);
        plain.or_else(|| self.data.0.get(key).map(|bytes| bytes.0.as_slice()))
    }

    /// Every key, once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let hidden_by_plain = |key: &&String| !self.string_data.0.contains_key(*key);
        self.string_data.0.keys().chain(self.data.0.keys().filter(hidden_by_plain)).map(String::as_str)
    }
}

impl<T> Default for Hidden<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
