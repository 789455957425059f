//! `ModelPolicy`: what holds over all routes of a namespace, of chosen workloads, or of all namespaces.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{route::Constraints, schema, selector::Selector, status::Status, workloads::Workloads};

/// What holds over every request of the workloads that it selects, whatever route, alias, model id or `models` entry
/// led to the target. All policies that select a workload apply, and each can only tighten: a target must be let
/// through by every one of them.
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
    printcolumn = r#"{"name":"Bare Models","type":"string","jsonPath":".spec.bareModels",
        "description":"Whether models may be named without a route."}"#,
    printcolumn = r#"{"name":"Regions","type":"string","jsonPath":".spec.constraints.regions",
        "description":"Where prompts may be processed; empty for anywhere."}"#,
    printcolumn = r#"{"name":"Accepted","type":"string","jsonPath":".status.conditions[?(@.type==\"Accepted\")].status",
        "description":"Whether the spec is valid."}"#,
    printcolumn = r#"{"name":"Programmed","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"Programmed\")].status",
        "description":"Whether the sidecars run it."}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Zero Retention","type":"boolean",
        "jsonPath":".spec.constraints.zeroDataRetention","priority":1,
        "description":"Whether only providers that keep no prompts may answer."}"#,
    printcolumn = r#"{"name":"Allowed Providers","type":"string","jsonPath":".spec.providers.allow","priority":1,
        "description":"Patterns of the providers that may answer; empty for all."}"#,
    printcolumn = r#"{"name":"Allowed Models","type":"string","jsonPath":".spec.models.allow","priority":1,
        "description":"Patterns of the models that may answer; empty for all."}"#,
    printcolumn = r#"{"name":"Message","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"Programmed\")].message","priority":1,
        "description":"How many sidecars run it, or why they do not."}"#
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ModelPolicySpec {
    /// The pods that it holds for, of its own namespace or of those that `namespaceSelector` names. Default: all of
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workloads: Option<Workloads>,
    /// The namespaces that it holds for, by their labels; `{}` means all. Only in the control plane's own namespace:
    /// whoever may write there decides for all. Default: its own namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// Hard limits, as a route's: they hold together with the route's own, and the narrower one counts. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// Which models may answer, by id in the catalogue (`openai/gpt-4o-mini`) or by the vendor's own name. What a
    /// provider calls a model does not matter where the catalogue knows it by the name that is sent. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Patterns>,
    /// Which providers may answer, by `namespace/name`; by preset (`openai`), which stands for the vendor only where
    /// the provider sets no `baseURL`; or by the bare name of one in the policy's own namespace. A `deny` pattern meets
    /// every name that a provider goes by. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub providers: Option<Patterns>,
    /// Whether a request may name a model that no `ModelRoute` is called: `Allow`, or `Deny`, which covers `models`
    /// entries, vendors' ids, embeddings and token counts too. Default: `Allow`.
    #[serde(default)]
    pub bare_models: BareModels,
}

/// What is let through. Each pattern is a whole name, or the beginning of one followed by `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Patterns {
    /// Only what one of these matches, each a whole name or the beginning of one followed by `*`, such as `openai/*`.
    /// Default: everything; an empty list means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 256),
        inner(length(min = 1, max = 256), regex(pattern = schema::PATTERN)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub allow: Option<Vec<String>>,
    /// Nothing that one of these matches, whatever `allow` says. Default: nothing is denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 256),
        inner(length(min = 1, max = 256), regex(pattern = schema::PATTERN)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub deny: Vec<String>,
}

/// Whether models may be named without a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum BareModels {
    /// They may.
    #[default]
    Allow,
    /// Only routes may be named.
    Deny,
}
