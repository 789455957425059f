//! `ModelRoute`: a name that callers use, and how it is answered.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    amount::Decimal,
    duration::Duration,
    provider::{Quantization, Selector},
    status::Status,
};

/// A name that callers use in place of a model, and how it is answered: targets, order, hard limits, failover.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "outrigger.dev",
    version = "v1alpha1",
    kind = "ModelRoute",
    plural = "modelroutes",
    shortname = "mroute",
    category = "outrigger",
    namespaced,
    status = "Status",
    derive = "PartialEq",
    doc = "A name that callers use in place of a model, and how it is answered.",
    printcolumn = r#"{"name":"Strategy","type":"string","jsonPath":".spec.strategy"}"#,
    printcolumn = r#"{"name":"Models","type":"string","jsonPath":".spec.targets[*].model"}"#,
    printcolumn = r#"{"name":"Accepted","type":"string","jsonPath":".status.conditions[?(@.type==\"Accepted\")].status"}"#,
    printcolumn = r#"{"name":"Resolved","type":"string","jsonPath":".status.conditions[?(@.type==\"ResolvedRefs\")].status"}"#,
    printcolumn = r#"{"name":"Programmed","type":"string","jsonPath":".status.conditions[?(@.type==\"Programmed\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ModelRouteSpec {
    /// The pods of this namespace that the route is for. Absent: all of them. For a pod that it is not for, its names are
    /// taken all the same: a request for one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workloads: Option<Workloads>,
    /// More names for the route, beside its own and `namespace/name`. An alias equal to a model's name takes that
    /// model's requests over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What may answer.
    #[schemars(length(min = 1, max = 64))]
    pub targets: Vec<Target>,
    /// Order among targets of one priority. Absent: `Priority`, as written.
    #[serde(default)]
    pub strategy: Strategy,
    /// Hard limits; a request can tighten them and never loosen them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// How often and on what the next target is tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Failover>,
    /// Time limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
    /// Whether a conversation stays with the provider that holds its prompt cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stickiness: Option<Stickiness>,
}

/// Which pods of a namespace. Both must hold where both are given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Workloads {
    /// By the pod's labels. Absent: whatever its labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// By the pod's service account. Absent: whatever its account; an empty list: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 253)))]
    pub service_accounts: Option<Vec<String>>,
}

/// One model at one provider, or at every provider that may be used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Target {
    /// Catalogue id, or the provider's own name for the model.
    #[schemars(length(min = 1, max = 256))]
    pub model: String,
    /// A `ModelProvider` of this namespace, or `namespace/name` of one that allows this namespace. Absent: every
    /// provider that serves the model and allows this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Lower is tried first; the next priority only when this one is used up.
    #[serde(default)]
    #[schemars(range(max = 65535))]
    pub priority: u16,
    /// Share within its priority under strategy `Weighted`.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub weight: u32,
    /// Request fields set or removed for this target alone, for instance a `reasoning_effort` that another model
    /// would refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ParameterEdits>,
}

/// Edits of the request body's top-level fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ParameterEdits {
    /// Fields to set, to any JSON value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "any_json")]
    pub set: BTreeMap<String, serde_json::Value>,
    /// Fields to remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// Order among targets of one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Strategy {
    /// As written.
    #[default]
    Priority,
    /// Drawn by weight.
    Weighted,
    /// Cheapest first.
    Price,
    /// Shortest time to the first token first.
    Latency,
    /// Most tokens per second first.
    Throughput,
    /// Drawn, cheap and stable ones more often.
    Balanced,
    /// Fewest requests in flight first.
    LeastOutstanding,
}

/// Hard limits on what may answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Constraints {
    /// Only providers whose `dataPolicy.retention` is `Zero`.
    #[serde(default)]
    pub zero_data_retention: bool,
    /// Only providers whose `dataPolicy.training` is `Deny`.
    #[serde(default)]
    pub deny_training: bool,
    /// Only providers in one of these regions. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Only targets at or below these prices. A target without a known price fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_price: Option<MaxPrice>,
    /// Only these precisions. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantizations: Vec<Quantization>,
    /// Only targets that honour every parameter of the request.
    #[serde(default)]
    pub require_parameters: bool,
}

/// Highest prices, in US dollars per million tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MaxPrice {
    /// Prompt tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Decimal>,
    /// Answer tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Decimal>,
}

/// How often and on what the next target is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Failover {
    /// Most upstream calls for one request, all targets and keys together. Absent: 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 32))]
    pub attempts: Option<u32>,
    /// Failures of the request itself on which the next target is tried all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_on: Vec<AlsoOn>,
    /// Whether an answer that broke off is continued by the next target.
    #[serde(default)]
    pub continue_on_break: ContinueOnBreak,
    /// Start the next target beside one that has been silent for this long; the first to answer wins. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedge_after: Option<Duration>,
    /// Longest wait for a target to recover when no other is left. Absent: 10s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<Duration>,
}

/// A failure that the request caused, which stops by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
pub enum ContinueOnBreak {
    /// The caller sees the error.
    #[default]
    Never,
    /// Plain text is continued by the next target; tool calls and structured answers are not.
    TextOnly,
}

/// Time limits of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Timeouts {
    /// TCP and TLS. Absent: 2s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Duration>,
    /// From sending a streamed request to its first content. Absent: 20s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Duration>,
    /// From sending a request that is not streamed to its whole answer. Absent: 5m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Duration>,
    /// Silence between two events of a stream. Absent: 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// The whole request, all attempts together. Absent: 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Duration>,
}

/// Whether a conversation stays with its provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Stickiness {
    /// Whether it does.
    #[serde(default)]
    pub mode: StickinessMode,
    /// Idle time after which the tie is forgotten. Absent: 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

/// Whether a conversation stays with its provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StickinessMode {
    /// As long as the provider is healthy and the tie is young.
    #[default]
    Auto,
    /// Every request is decided afresh.
    Off,
}

fn any_json(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "x-kubernetes-preserve-unknown-fields": true } })
}

fn one() -> u32 {
    1
}
