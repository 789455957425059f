//! The part of a core/v1 `ConfigMap` that matters here.

use k8s_openapi::{ByteString, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::Deserialize;

use crate::secret::Hidden;

/// A core/v1 `ConfigMap`. Read, never written: there is no `Serialize`. Of its values `Debug` shows none: they are large, and
/// people put into them what they should not.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMap {
    /// Name and namespace.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Values that are text.
    #[serde(default)]
    pub data: Hidden<String>,
    /// Values in base64. An API server lets no key stand in both.
    #[serde(default)]
    pub binary_data: Hidden<ByteString>,
}

impl ConfigMap {
    /// The value under `key`, if there is one.
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        let text = self.data.0.get(key).map(String::as_bytes);
        text.or_else(|| self.binary_data.0.get(key).map(|bytes| bytes.0.as_slice()))
    }

    /// Every key, once.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let hidden_by_text = |key: &&String| !self.data.0.contains_key(*key);
        self.data.0.keys().chain(self.binary_data.0.keys().filter(hidden_by_text)).map(String::as_str)
    }
}
