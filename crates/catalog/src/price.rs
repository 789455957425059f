//! Money and price tables, in integers.
//!
//! We keep our own instead of the `genai-prices` crate: that one counts in `f64`, finds models by regular expression
//! and decodes for tens of milliseconds, while a ledger must add up to the last nano-dollar and a sidecar must know
//! exactly which row it used. Its rules for tiers and nested units are followed where they apply (see
//! [`Prices::cost`]).

mod extra;
mod money;
mod tier;

use serde::{Deserialize, Serialize};
use std::fmt;

pub use extra::{Fee, Service};
pub use money::{BadAmount, NanoUsd, Rate};
pub use tier::Tier;

/// The price of one model at one provider.
///
/// Rates are per million tokens. Rates that are absent fall back to a present one as [`Prices::cost`] says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Where the price was found: `models.dev`, `litellm`, `genai-prices`, or `policy` for the operator's own.
    pub source: String,
    /// ISO date of the source.
    pub as_of: String,
    /// Prompt tokens.
    pub input: Rate,
    /// Answer tokens.
    pub output: Rate,
    /// Prompt tokens served from the vendor's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Rate>,
    /// Prompt tokens written to the cache for five minutes, or for the vendor's only lifetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<Rate>,
    /// Prompt tokens written to the cache for an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Rate>,
    /// Hidden thinking tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Rate>,
    /// Sound in the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<Rate>,
    /// Sound in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<Rate>,
    /// Pictures in the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_image: Option<Rate>,
    /// Pictures in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_image: Option<Rate>,
    /// Added once per answered request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<NanoUsd>,
    /// Per generated picture, where pictures are not counted in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<NanoUsd>,
    /// Dearer (or cheaper) rates for long prompts, ascending by [`Tier::above`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Rates of other tiers of service, by what an answer says it was served at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Fees for calls of tools that the vendor runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee>,
    /// A million seconds of sound that is heard, where it is not counted in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Rate>,
    /// What tokens cost where they are computed in the United States alone, in percent of the rates above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_us_percent: Option<u16>,
}

impl Prices {
    /// A price with nothing but its two base rates.
    pub fn flat(input: Rate, output: Rate, source: impl Into<String>, as_of: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            as_of: as_of.into(),
            input,
            output,
            cache_read: None,
            cache_write_5m: None,
            cache_write_1h: None,
            reasoning: None,
            input_audio: None,
            output_audio: None,
            input_image: None,
            output_image: None,
            request: None,
            image: None,
            tiers: Vec::new(),
            services: Vec::new(),
            fees: Vec::new(),
            heard: None,
            in_us_percent: None,
        }
    }
}

/// Where a row of the catalogue was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// The models.dev database.
    #[serde(rename = "models.dev")]
    ModelsDev,
    /// LiteLLM's price and context file.
    #[serde(rename = "litellm")]
    LiteLlm,
    /// Pydantic's genai-prices.
    #[serde(rename = "genai-prices")]
    GenaiPrices,
    /// A vendor's manual, where no package says it: fees of tools.
    #[serde(rename = "docs")]
    Docs,
    /// The operator's own policy; never in the shipped data.
    #[serde(rename = "policy")]
    Policy,
}

impl Source {
    /// Every source, in the order of the variants.
    pub const ALL: [Self; 5] = [Self::ModelsDev, Self::LiteLlm, Self::GenaiPrices, Self::Docs, Self::Policy];

    /// The word in [`Prices::source`] and in the data file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ModelsDev => "models.dev",
            Self::LiteLlm => "litellm",
            Self::GenaiPrices => "genai-prices",
            Self::Docs => "docs",
            Self::Policy => "policy",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
