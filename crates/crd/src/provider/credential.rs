//! Keys, and how they are sent.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// How a key is sent.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("self.scheme != 'Header' || has(self.header)")
        .message("scheme Header needs the name of the header, such as x-api-key")
        .field_path(".header").reason(Reason::FieldValueRequired),
    validation = Rule::new("self.scheme == 'Header' || !has(self.header)")
        .message("only scheme Header looks at the header: set that, or remove the header")
        .field_path(".header").reason(Reason::FieldValueForbidden),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Auth {
    /// The place of the key: `Bearer` (`Authorization: Bearer <key>`), `Header` (the bare key in the header that
    /// `header` names) or `None` (no key is sent).
    pub scheme: AuthScheme,
    /// Name of the header that carries the key, such as `x-api-key`; for scheme `Header` alone, which requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = schema::HEADER_NAME))]
    #[x_kube(
        validation = Rule::new(schema::NOT_RESERVED)
            .message("this header is set by the proxy itself and cannot carry a key: use another"),
    )]
    pub header: Option<String>,
}

/// The place of a key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum AuthScheme {
    /// `Authorization: Bearer <key>`.
    Bearer,
    /// The bare key in the header that `header` names.
    Header,
    /// No key.
    None,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Credential {
    /// Its name within the provider, such as `main`: unique there, and shown in logs and metrics in place of the key.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The `Secret` that holds the key, in the namespace of the provider.
    pub secret_key_ref: SecretKeyRef,
    /// Its share of the requests among the keys that work: 9 beside 1 takes nine of ten. Default: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub weight: u32,
}

/// A value in a `Secret` of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the `Secret`.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::SUBDOMAIN))]
    pub name: String,
    /// The key within the `Secret` under which the value stands, such as `api-key`.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DATA_KEY))]
    pub key: String,
}

fn one() -> u32 {
    1
}
