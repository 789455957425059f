//! What may answer.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::schema;

/// One model at one provider, or at every provider that may be used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Target {
    /// Id in the catalogue, such as `openai/gpt-4o-mini`, or the provider's own name for the model.
    #[schemars(length(min = 1, max = 256), regex(pattern = schema::CALLABLE))]
    pub model: String,
    /// A `ModelProvider` of this namespace, or `namespace/name` of one that allows this namespace. Default: every
    /// provider that serves the model and allows this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 317), regex(pattern = schema::REFERENCE))]
    pub provider: Option<String>,
    /// Lower is tried first; targets of the next priority only when all of this one are used up. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 65535))]
    pub priority: u16,
    /// Its share within its priority under strategy `Weighted`: 9 beside 1 takes nine requests of ten. One with 0 comes
    /// after all others. Default: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub weight: u32,
    /// Fields of the request that are set or removed for this target alone, for instance a `reasoning_effort` that
    /// another model would refuse. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ParameterEdits>,
}

/// Edits of the top-level fields of a request's body.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ParameterEdits {
    /// Fields to set, each to any JSON value, such as `temperature: 0`. Those that decide how a request is routed
    /// cannot be set. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "any_field")]
    #[x_kube(
        validation = Rule::new("!(has(self.model) || has(self.models) || has(self.stream) || has(self.provider) || \
                has(self.route) || has(self.fallbacks) || has(self.preset))")
            .message("model, models, stream, provider, route, fallbacks and preset cannot be changed per \
                target: remove them"),
    )]
    pub set: BTreeMap<String, serde_json::Value>,
    /// Names of fields to remove, such as `logit_bias`. Those that decide how a request is routed cannot be removed,
    /// nor can one that `set` sets. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 64)), extend("x-kubernetes-list-type" = "set"))]
    #[x_kube(
        validation = Rule::new("!self.exists(field, field in \
                ['model', 'models', 'stream', 'provider', 'route', 'fallbacks', 'preset'])")
            .message("model, models, stream, provider, route, fallbacks and preset cannot be changed per \
                target: keep them"),
    )]
    pub remove: Vec<String>,
}

/// Any field but those that decide how a request is handled. They are named with a type because a rule sees no field
/// that has none.
fn any_field(_: &mut SchemaGenerator) -> Schema {
    let refused = |kind: &str| json_schema!({ "type": kind, "description": "Cannot be set: the route decides it." });
    let list = json_schema!({
        "type": "array",
        "maxItems": 64,
        "items": { "type": "string", "maxLength": 256 },
        "description": "Cannot be set: the route decides it."
    });
    json_schema!({
        "type": "object",
        "maxProperties": 64,
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "model": refused("string"),
            "models": list,
            "stream": refused("boolean"),
            "provider": refused("object"),
            "route": refused("string"),
            "fallbacks": list,
            "preset": refused("string")
        }
    })
}

fn one() -> u32 {
    1
}
