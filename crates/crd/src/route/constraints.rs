//! Hard limits.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{amount::Decimal, provider::Quantization, schema};

/// Hard limits on what may answer. Where nothing is left, a request is refused rather than answered by something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Constraints {
    /// Only providers that keep no prompts: those whose `dataPolicy.retention` is `Zero`. Default: false.
    #[serde(default)]
    pub zero_data_retention: bool,
    /// Only providers that do not train on prompts: those whose `dataPolicy.training` is `Deny`. Default: false.
    #[serde(default)]
    pub deny_training: bool,
    /// Only providers in one of these regions, such as `eu`; upper and lower case mean the same. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        inner(length(min = 1, max = 63), regex(pattern = schema::NOT_BLANK)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub regions: Vec<String>,
    /// Only targets at or below these prices. One without a known price is not asked. Default: any price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_price: Option<MaxPrice>,
    /// Only these precisions of the served weights: `Int4`, `Int8`, `Fp4`, `Mxfp4`, `Nvfp4`, `Fp6`, `Fp8`, `Mxfp8`,
    /// `Fp16`, `Bf16`, `Fp32`, `Unknown`. `Fp4` admits `Mxfp4` and `Nvfp4` too, `Fp8` admits `Mxfp8`. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 12), extend("x-kubernetes-list-type" = "set"))]
    pub quantizations: Vec<Quantization>,
    /// Only targets that honour every parameter of the request, instead of leaving out what a model does not know.
    /// Default: false.
    #[serde(default)]
    pub require_parameters: bool,
}

/// Highest prices, in US dollars per million tokens, as decimals in quotes.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("[self.?input, self.?output].all(price, double(price.orValue('0')) <= 10000.0)")
        .message("a price per million tokens may be at most 10000 US dollars: check its unit"),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MaxPrice {
    /// Of prompt tokens, such as `"2.50"`. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Decimal>,
    /// Of answer tokens, such as `"10"`. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Decimal>,
}
