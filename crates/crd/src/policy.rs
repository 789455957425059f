//! `ModelPolicy`: what holds over all routes of a namespace, of chosen workloads, or of all namespaces.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    provider::Selector,
    route::{Constraints, Workloads},
    status::Status,
};

/// What holds over every request of the workloads it selects, whatever route, alias, model id or `models` entry led to
/// the target. All policies that select a workload apply, and each can only tighten: a target must be let through by every
/// one of them.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "outrigger.dev",
    version = "v1alpha1",
    kind = "ModelPolicy",
    plural = "modelpolicies",
    shortname = "mpol",
    category = "outrigger",
    namespaced,
    status = "Status",
    derive = "PartialEq",
    doc = "Limits that hold over all routes of a namespace, of chosen workloads, or of all namespaces.",
    printcolumn = r#"{"name":"Bare models","type":"string","jsonPath":".spec.bareModels"}"#,
    printcolumn = r#"{"name":"Accepted","type":"string","jsonPath":".status.conditions[?(@.type==\"Accepted\")].status"}"#,
    printcolumn = r#"{"name":"Programmed","type":"string","jsonPath":".status.conditions[?(@.type==\"Programmed\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ModelPolicySpec {
    /// The pods that it holds for, of its own namespace or of those that `namespaceSelector` names. Absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workloads: Option<Workloads>,
    /// The namespaces that it holds for, by their labels; `{}` means all. Only in the control plane's own namespace.
    /// Absent: its own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// Hard limits, as a route's: they hold together with the route's own, and the narrower one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// Models by catalogue id (`openai/gpt-4o-mini`) or by the vendor's own name. What a provider calls a model does not
    /// matter where the catalogue knows it by the name that is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Patterns>,
    /// Providers by `namespace/name`; by preset (`openai`), which stands for the vendor only where the provider sets no
    /// `baseURL`; or by the bare name of one in the policy's own namespace. A `deny` pattern meets every name that a
    /// provider goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub providers: Option<Patterns>,
    /// Whether a request may name a model that no `ModelRoute` is called. `Deny` covers `models` entries, vendors' ids,
    /// embeddings and token counts too.
    #[serde(default)]
    pub bare_models: BareModels,
}

/// What is let through. Each pattern is a whole name, or the beginning of one followed by `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Patterns {
    /// Only what one of these matches. Absent: everything; an empty list: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 256)))]
    pub allow: Option<Vec<String>>,
    /// Nothing that one of these matches, whatever `allow` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 256)))]
    pub deny: Vec<String>,
}

/// Whether models may be named without a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BareModels {
    /// They may.
    #[default]
    Allow,
    /// Only routes may be named.
    Deny,
}
