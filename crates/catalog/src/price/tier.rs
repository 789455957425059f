//! What a long prompt costs.

use serde::{Deserialize, Serialize};

use super::money::Rate;

/// Rates for the *whole* request once its prompt is longer than `above` tokens.
///
/// A rate that is absent here is the base price's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Prompt tokens of every sort, cached ones included; the tier holds strictly above it.
    pub above: u64,
    /// See [`Prices::input`](super::Prices::input).
    pub input: Rate,
    /// See [`Prices::output`](super::Prices::output).
    pub output: Rate,
    /// See [`Prices::cache_read`](super::Prices::cache_read).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Rate>,
    /// See [`Prices::cache_write_5m`](super::Prices::cache_write_5m).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<Rate>,
    /// See [`Prices::cache_write_1h`](super::Prices::cache_write_1h).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Rate>,
    /// See [`Prices::reasoning`](super::Prices::reasoning).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Rate>,
    /// See [`Prices::input_audio`](super::Prices::input_audio).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<Rate>,
    /// See [`Prices::output_audio`](super::Prices::output_audio).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<Rate>,
    /// See [`Prices::input_image`](super::Prices::input_image).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_image: Option<Rate>,
    /// See [`Prices::output_image`](super::Prices::output_image).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_image: Option<Rate>,
}

impl Tier {
    /// A tier with nothing but its two base rates.
    #[must_use]
    pub fn flat(above: u64, input: Rate, output: Rate) -> Self {
        Self {
            above,
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
        }
    }
}
