//! On which terms a provider serves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// What a vendor does with prompts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DataPolicy {
    /// Whether prompts may be used for training: `Allow` or `Deny`. Default: read as `Allow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// How long prompts are kept: `Zero` (not at all; caches in memory do not count) or `Limited` (for a time).
    /// Default: read as `Limited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

/// Whether prompts may be used for training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum Training {
    /// They may.
    Allow,
    /// They may not.
    Deny,
}

/// How long prompts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum Retention {
    /// Not at all; caches in memory do not count.
    Zero,
    /// For a time.
    Limited,
}

/// What each pod may use of the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    /// Requests per minute of each pod, such as 600. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute of each pod, prompts and answers together, such as 400000. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub tokens_per_minute: Option<u32>,
}
