//! By whose certificates an endpoint is known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// How an endpoint is known by TLS. There is no field that trusts everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tls {
    /// The certificates of the authorities by which alone the endpoint is known, in place of the public ones and of those
    /// of `--upstream-ca`. It means what `caCertificateRefs` means in a `BackendTLSPolicy` of Gateway API. Without the
    /// object, or without a certificate in it, the endpoint is not asked.
    pub ca_ref: CaRef,
}

/// A bundle of certificates in the namespace of the provider. Kind, name and key are as Gateway API has them: a
/// `BackendTLSPolicy` takes `ca.crt` of a `ConfigMap` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CaRef {
    /// What holds it: a `ConfigMap`, since certificates are no secret, or a `Secret`, as cert-manager writes one.
    #[serde(default)]
    pub kind: CaKind,
    /// Name of the `ConfigMap` or `Secret`.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::SUBDOMAIN))]
    pub name: String,
    /// The key within it under which the certificates stand: blocks of `BEGIN CERTIFICATE` (PEM), at most 64 of them and
    /// 64 KiB together.
    #[serde(default = "ca_crt")]
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DATA_KEY))]
    pub key: String,
}

/// What holds certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum CaKind {
    /// A core/v1 `ConfigMap`.
    #[default]
    ConfigMap,
    /// A core/v1 `Secret`.
    Secret,
}

impl CaKind {
    /// Its name in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

fn ca_crt() -> String {
    "ca.crt".to_owned()
}
