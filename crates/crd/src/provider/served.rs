//! What a provider serves, and at which price.

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{amount::Decimal, schema};

/// The parameters of requests that can be declared, by their names on the wire: they are the vendors' words, and so in
/// no case but theirs.
pub const PARAMETERS: [&str; 23] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "seed",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "structured_outputs",
    "reasoning",
    "reasoning_effort",
    "verbosity",
    "prediction",
    "web_search_options",
];

/// A model that the provider serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServedModel {
    /// Id in the catalogue, `author/slug`, such as `openai/gpt-4o-mini`, or the preset's own name for the model. Any
    /// other name makes a model of your own. Listed once.
    #[schemars(length(min = 1, max = 256), regex(pattern = schema::CALLABLE))]
    pub model: String,
    /// The name that is sent to the vendor, such as that of a deployment. Default: the preset's name for the model,
    /// else `model` as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = schema::CALLABLE))]
    pub upstream_name: Option<String>,
    /// Precision of the served weights: integers `Int4`, `Int8`; floats `Fp4`, `Mxfp4`, `Nvfp4`, `Fp6`, `Fp8`, `Mxfp8`,
    /// `Fp16`, `Bf16`, `Fp32`; or `Unknown`. Default: `Unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization: Option<Quantization>,
    /// Longest prompt plus answer, in tokens, such as 128000. Default: the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub context_length: Option<u32>,
    /// Longest answer, in tokens, such as 16384. Default: the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub max_output: Option<u32>,
    /// What a prompt may contain: `Text`, `Image` (still pictures), `Audio`, `Video`, `File` (documents such as PDF).
    /// Default: the catalogue's, or everything for a model that it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), extend("x-kubernetes-list-type" = "set"))]
    pub input_modalities: Option<Vec<Modality>>,
    /// Request parameters that it honours, by their names on the wire, such as `tools`, `response_format` or `seed`.
    /// Default: from the catalogue's capabilities, or all for a model that it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "parameters")]
    pub parameters: Option<Vec<String>>,
    /// What it costs you. Replaces all that the catalogue says of its price, higher prices of long prompts and those of other
    /// tiers of service included, but for fees of tools that the vendor runs.
    /// Default: the catalogue's; for a model that it does not know no price at all, which never means free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
}

fn parameters(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "nullable": true,
        "maxItems": PARAMETERS.len(),
        "items": { "type": "string", "enum": PARAMETERS },
        "x-kubernetes-list-type": "set"
    })
}

/// Precision of served weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum Quantization {
    /// 4-bit integer.
    Int4,
    /// 8-bit integer.
    Int8,
    /// 4-bit float.
    Fp4,
    /// Microscaling 4-bit float.
    Mxfp4,
    /// NVIDIA's 4-bit float.
    Nvfp4,
    /// 6-bit float.
    Fp6,
    /// 8-bit float.
    Fp8,
    /// Microscaling 8-bit float.
    Mxfp8,
    /// 16-bit float.
    Fp16,
    /// bfloat16.
    Bf16,
    /// 32-bit float.
    Fp32,
    /// Not declared.
    Unknown,
}

/// A form of content in a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum Modality {
    /// Text.
    Text,
    /// Still pictures.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Documents such as PDF.
    File,
}

/// Prices in US dollars, as decimals in quotes: per million tokens, or per piece where the field says so. A rate that
/// is absent is that of `input` or `output`, whichever its tokens belong to.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("[self.?input, self.?output, self.?cacheRead, self.?cacheWrite5m, self.?cacheWrite1h, \
            self.?reasoning, self.?inputAudio, self.?outputAudio, self.?inputImage, self.?outputImage]\
            .all(price, double(price.orValue('0')) <= 10000.0)")
        .message("a price per million tokens may be at most 10000 US dollars: check its unit"),
    validation = Rule::new("[self.?request, self.?image].all(price, double(price.orValue('0')) <= 1000.0)")
        .message("request and image are prices of one piece and may be at most 1000 US dollars: check their unit"),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Prices {
    /// Prompt tokens, in US dollars per million, such as `"0.15"`.
    pub input: Decimal,
    /// Answer tokens, in US dollars per million, such as `"0.60"`.
    pub output: Decimal,
    /// Prompt tokens read from the vendor's cache, per million. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Decimal>,
    /// Prompt tokens written to the vendor's cache for five minutes, or for its only lifetime, per million. Default: as
    /// `input`.
    #[serde(default, rename = "cacheWrite5m", skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<Decimal>,
    /// Prompt tokens written to the vendor's cache for an hour, per million. Default: as `input`.
    #[serde(default, rename = "cacheWrite1h", skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Decimal>,
    /// Hidden thinking tokens, per million. Default: as `output`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Decimal>,
    /// Sound in the prompt, per million tokens. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<Decimal>,
    /// Sound in the answer, per million tokens. Default: as `output`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<Decimal>,
    /// Pictures in the prompt, per million tokens. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_image: Option<Decimal>,
    /// Pictures in the answer, per million tokens. Default: as `output`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_image: Option<Decimal>,
    /// Once for each answered request, in US dollars, such as `"0.005"`. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Decimal>,
    /// For each generated picture, in US dollars, where pictures are not counted in tokens. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Decimal>,
}
