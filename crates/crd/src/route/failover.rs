//! What happens when a target fails, how long anything may take, and where a conversation stays.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{duration::Duration, schema};

/// How often and on what the next target is tried. Failures of a provider (it is down, limits us, refuses the key)
/// always move on; failures of the request stop unless `alsoOn` names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Failover {
    /// Most calls to providers for one request, all targets and keys together, 1 to 32. Default: 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 32))]
    pub attempts: Option<u32>,
    /// Failures of the request itself on which the next target is tried all the same: `ContextLength` (the prompt is
    /// too long for the model), `ContentPolicy` (the provider's content policy refused it), `InvalidRequest` (the
    /// provider calls it invalid), `NotFound` (it does not know the model or path), `PayloadTooLarge` (the body is
    /// larger than it accepts). Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "set"))]
    pub also_on: Vec<AlsoOn>,
    /// What becomes of an answer that broke off in mid-stream: `Never` (the caller sees the error) or `TextOnly` (plain
    /// text is continued by the next target; tool calls and structured answers are not). Default: `Never`.
    #[serde(default)]
    pub continue_on_break: ContinueOnBreak,
    /// Start the next target beside one that has been silent for this long, such as `3s`; the first to answer wins, and
    /// both may cost. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedge_after: Option<Duration>,
    /// Longest wait for a target to recover when no other is left, such as `5s`. Default: 10s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<Duration>,
}

/// A failure that the request caused, which stops by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum AlsoOn {
    /// The prompt is too long for the model.
    ContextLength,
    /// The provider's content policy refused the prompt.
    ContentPolicy,
    /// The provider called the request invalid.
    InvalidRequest,
    /// The provider does not know the model or path.
    NotFound,
    /// The body is larger than the provider accepts.
    PayloadTooLarge,
}

/// Whether a broken answer is continued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum ContinueOnBreak {
    /// The caller sees the error.
    #[default]
    Never,
    /// Plain text is continued by the next target; tool calls and structured answers are not.
    TextOnly,
}

/// Time limits of one request: whole numbers with `h`, `m`, `s` or `ms`, such as `500ms` or `1m30s`, at most 24h.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("!has(self.firstToken) || !has(self.total) || \
            duration(self.firstToken) <= duration(self.total)")
        .message("firstToken is longer than total, which ends the request before: shorten it, or lengthen total")
        .field_path(".firstToken"),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Timeouts {
    /// To connect to a provider, TLS included. Default: 2s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Duration>,
    /// From sending a streamed request to its first content; at most `total`. Default: 20s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Duration>,
    /// From sending a request that is not streamed to its whole answer. Default: 5m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Duration>,
    /// Silence between two events of a stream. Default: 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// The whole request, all attempts together. Default: 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Duration>,
}

/// Whether a conversation stays with its provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Stickiness {
    /// `Auto` (a conversation stays as long as its provider is healthy and `ttl` has not passed) or `Off` (every
    /// request is decided afresh). Default: `Auto`.
    #[serde(default)]
    pub mode: StickinessMode,
    /// How long after its last request a conversation is forgotten, such as `30m`. Default: 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

/// Whether a conversation stays with its provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum StickinessMode {
    /// As long as the provider is healthy and the tie is young.
    #[default]
    Auto,
    /// Every request is decided afresh.
    Off,
}
