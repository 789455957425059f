//! `ModelRoute`: a name that callers use, and how it is answered.

mod constraints;
mod failover;
mod target;
mod tracing;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use constraints::{Constraints, MaxPrice};
pub use failover::{AlsoOn, ContinueOnBreak, Failover, Stickiness, StickinessMode, Timeouts};
pub use target::{ParameterEdits, Target};
pub use tracing::{MessageContent, Tracing};

use crate::{schema, status::Status, workloads::Workloads};

/// How the name is answered: by which targets, in which order, within which limits. The object's own name, and
/// `namespace/name`, are what callers write as `model`.
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
    printcolumn = r#"{"name":"Strategy","type":"string","jsonPath":".spec.strategy",
        "description":"Order among targets of one priority."}"#,
    printcolumn = r#"{"name":"First Target","type":"string","jsonPath":".spec.targets[0].model",
        "description":"Model of the first target."}"#,
    printcolumn = r#"{"name":"Accepted","type":"string","jsonPath":".status.conditions[?(@.type==\"Accepted\")].status",
        "description":"Whether the spec is valid."}"#,
    printcolumn = r#"{"name":"Resolved","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"ResolvedRefs\")].status",
        "description":"Whether the providers and models that it names are there and may be used."}"#,
    printcolumn = r#"{"name":"Programmed","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"Programmed\")].status",
        "description":"Whether the sidecars run it."}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Aliases","type":"string","jsonPath":".spec.aliases","priority":1,
        "description":"Its other names."}"#,
    printcolumn = r#"{"name":"Regions","type":"string","jsonPath":".spec.constraints.regions","priority":1,
        "description":"Where prompts may be processed; empty for anywhere."}"#,
    printcolumn = r#"{"name":"Message","type":"string",
        "jsonPath":".status.conditions[?(@.type==\"Programmed\")].message","priority":1,
        "description":"How many sidecars run it, or why they do not."}"#
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ModelRouteSpec {
    /// The pods of this namespace that the route is for. Its names are taken for the others too: a pod that it is not
    /// for is refused them. Default: all pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workloads: Option<Workloads>,
    /// More names for the route, beside its own and `namespace/name`, such as `triage`. One that is also a model's name
    /// takes that model's requests over. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 256), regex(pattern = schema::CALLABLE)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub aliases: Vec<String>,
    /// What may answer, 1 to 64 of them. Their order counts where `priority` and `strategy` leave it open.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(
        validation = Rule::new("size(self) == 0 || self.exists(t, t.weight > 0)")
            .message("every target has weight 0: give at least one a share"),
    )]
    pub targets: Vec<Target>,
    /// Order among targets of one priority: `Priority` (as written), `Weighted` (drawn by `weight`), `Price` (cheapest
    /// first), `Latency` (shortest time to the first token first), `Throughput` (most tokens per second first),
    /// `Balanced` (drawn, cheap and stable ones more often) or `LeastOutstanding` (fewest requests in flight first).
    /// Default: `Priority`.
    #[serde(default)]
    pub strategy: Strategy,
    /// Hard limits on what may answer; a request can tighten them and never loosen them. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// How often and on what the next target is tried: most calls for one request, failures that move on as well,
    /// waiting and hedging. Failures of a provider (it is down, limits us, refuses the key) always move on; failures of
    /// the request stop unless `alsoOn` names them. Default: 4 attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Failover>,
    /// Time limits of one request: whole numbers with `h`, `m`, `s` or `ms`, such as `500ms` or `1m30s`, at most 24h.
    /// Default: each as its field says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
    /// Whether a conversation stays with the provider that holds its prompt cache. Default: it does, for 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stickiness: Option<Stickiness>,
    /// What traces say of its requests beside their figures. Default: nothing of what was asked and answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracing: Option<Tracing>,
}

/// Order among targets of one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
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
