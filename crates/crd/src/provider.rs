//! `ModelProvider`: an account at a vendor, or an endpoint in the cluster.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{amount::Decimal, status::Status};

/// An account at a model vendor or an in-cluster endpoint: what it speaks, where it is, with which keys, which models
/// it serves at which price, and who may use it.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "outrigger.dev",
    version = "v1alpha1",
    kind = "ModelProvider",
    plural = "modelproviders",
    shortname = "mprov",
    category = "outrigger",
    namespaced,
    status = "Status",
    derive = "PartialEq",
    doc = "An account at a model vendor, or an in-cluster endpoint that serves models.",
    printcolumn = r#"{"name":"Preset","type":"string","jsonPath":".spec.preset"}"#,
    printcolumn = r#"{"name":"Region","type":"string","jsonPath":".spec.region"}"#,
    printcolumn = r#"{"name":"Accepted","type":"string","jsonPath":".status.conditions[?(@.type==\"Accepted\")].status"}"#,
    printcolumn = r#"{"name":"Resolved","type":"string","jsonPath":".status.conditions[?(@.type==\"ResolvedRefs\")].status"}"#,
    printcolumn = r#"{"name":"Programmed","type":"string","jsonPath":".status.conditions[?(@.type==\"Programmed\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[x_kube(validation = Rule::new("has(self.preset) || (has(self.dialect) && has(self.baseURL))").message("without a preset, dialect and baseURL are required"))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ModelProviderSpec {
    /// A row of the catalogue (`openai`, `anthropic`, `groq` ...), which gives dialect, base URL, auth scheme, models
    /// and prices. The fields below override it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What the endpoint speaks: `openai` or `anthropic`. Required without a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Absolute http(s) URL up to and including the version segment, such as `https://api.openai.com/v1` or
    /// `http://vllm.models.svc:8000/v1`. Without user, query or fragment. Required without a preset.
    #[serde(default, rename = "baseURL", skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.startsWith('https://') || self.startsWith('http://')").message("must start with https:// or http://"))]
    pub base_url: Option<String>,
    /// Name for people; the preset's, else the object's name, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// How the key is sent. Absent: as the preset says; without a preset `Bearer` for `openai`, the header `x-api-key`
    /// for `anthropic`, and `None` if there are no credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// Where prompts are processed, in lower case: `eu`, `us`. A route that asks for a region leaves out providers
    /// that declare none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What the vendor does with prompts, by your contract. What is not declared is read as the worse case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_policy: Option<DataPolicy>,
    /// Keys; several share the load by weight and stand in for each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Credential>,
    /// Models it serves. Absent: all that the preset serves. Given: these alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<ServedModel>>,
    /// What each pod may use of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Which namespaces may use it. Absent: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
    /// Headers added to every request, for instance an organisation id. Not for keys: these values are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
}

/// How a key is sent.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = Rule::new("(self.scheme == 'Header') == has(self.header)").message("header is for scheme Header, which requires it"))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Auth {
    /// The place of the key.
    pub scheme: AuthScheme,
    /// Name of the header; for scheme `Header` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// The place of a key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuthScheme {
    /// `Authorization: Bearer <key>`.
    Bearer,
    /// The bare key in the header that `header` names.
    Header,
    /// No key.
    None,
}

/// What a vendor does with prompts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DataPolicy {
    /// Whether prompts may be used for training. Absent: read as `Allow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// How long prompts are kept. Absent: read as `Limited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

/// Whether prompts may be used for training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Training {
    /// They may.
    Allow,
    /// They may not.
    Deny,
}

/// How long prompts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Retention {
    /// Not at all; caches in memory do not count.
    Zero,
    /// For a time.
    Limited,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Credential {
    /// Name within the provider; shown in logs and metrics in place of the key.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Where the key is.
    pub secret_key_ref: SecretKeyRef,
    /// Share of the requests among the keys that work.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub weight: u32,
}

/// A value in a `Secret` of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the `Secret`.
    pub name: String,
    /// Key within it.
    pub key: String,
}

/// A model that the provider serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServedModel {
    /// Catalogue id, `author/slug`; any other name makes a model of your own.
    #[schemars(length(min = 1, max = 256))]
    pub model: String,
    /// The name to send upstream. Absent: the preset's name for the model, else `model` as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_name: Option<String>,
    /// Precision of the served weights. Absent: `Unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization: Option<Quantization>,
    /// Longest prompt plus answer, in tokens. Absent: the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub context_length: Option<u32>,
    /// Longest answer, in tokens. Absent: the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_output: Option<u32>,
    /// What a prompt may contain. Absent: the catalogue's, or everything for a model it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_modalities: Option<Vec<Modality>>,
    /// Request parameters it honours, by their name on the wire (`tools`, `response_format`, `seed` ...). Absent: from
    /// the catalogue's capabilities, or all for a model it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Vec<String>>,
    /// What it costs you. Replaces the catalogue's whole price row, long-prompt tiers included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
}

/// Precision of served weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// Prices in US dollars: per million tokens, or per piece where the field says so. An absent rate falls back to
/// `input` or `output`, whichever its tokens belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Prices {
    /// Prompt tokens.
    pub input: Decimal,
    /// Answer tokens.
    pub output: Decimal,
    /// Prompt tokens read from the vendor's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Decimal>,
    /// Prompt tokens written to the cache for five minutes, or for the vendor's only lifetime.
    #[serde(default, rename = "cacheWrite5m", skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<Decimal>,
    /// Prompt tokens written to the cache for an hour.
    #[serde(default, rename = "cacheWrite1h", skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Decimal>,
    /// Hidden thinking tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Decimal>,
    /// Sound in the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<Decimal>,
    /// Sound in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<Decimal>,
    /// Pictures in the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_image: Option<Decimal>,
    /// Pictures in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_image: Option<Decimal>,
    /// Once per answered request, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Decimal>,
    /// Per generated picture, in dollars, where pictures are not counted in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Decimal>,
}

/// What each pod may use of the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Limits {
    /// Requests per minute. Absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute. Absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u32>,
}

/// Which namespaces may use the provider, as a Gateway's `allowedRoutes.namespaces`.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[x_kube(validation = Rule::new("(has(self.from) && self.from == 'Selector') == has(self.selector)").message("selector is for from: Selector, which requires it"))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// Which ones.
    #[serde(default)]
    pub from: From,
    /// Labels of the namespace; for `Selector` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
}

/// Which namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum From {
    /// Every namespace.
    All,
    /// The provider's own.
    #[default]
    Same,
    /// Those whose labels match `selector`.
    Selector,
}

/// A label selector; every requirement must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Selector {
    /// Labels with exactly these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Requirements by operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// Values, for `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    /// The label has one of the values.
    In,
    /// The label is absent or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// A header added to every request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Header {
    /// Its name.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
    /// Its value.
    pub value: String,
}

fn one() -> u32 {
    1
}
