//! Money and price tables, in integers.
//!
//! We keep our own instead of the `genai-prices` crate: that one counts in `f64`, finds models by regular expression
//! and decodes for tens of milliseconds, while a ledger must add up to the last nano-dollar and a sidecar must know
//! exactly which row it used. Its rules for tiers and nested units are followed where they apply (see
//! [`Prices::cost`]).

mod extra;

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

pub use extra::{Fee, Service};

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

/// Rates for the *whole* request once its prompt is longer than `above` tokens.
///
/// A rate that is absent here is the base price's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Prompt tokens of every sort, cached ones included; the tier holds strictly above it.
    pub above: u64,
    /// See [`Prices::input`].
    pub input: Rate,
    /// See [`Prices::output`].
    pub output: Rate,
    /// See [`Prices::cache_read`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Rate>,
    /// See [`Prices::cache_write_5m`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<Rate>,
    /// See [`Prices::cache_write_1h`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Rate>,
    /// See [`Prices::reasoning`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Rate>,
    /// See [`Prices::input_audio`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<Rate>,
    /// See [`Prices::output_audio`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<Rate>,
    /// See [`Prices::input_image`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_image: Option<Rate>,
    /// See [`Prices::output_image`].
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

/// A price per million tokens, in integer nano-dollars: 0.15 USD per million is `Rate(150_000_000)`.
///
/// Written as a plain decimal number of dollars, `"0.15"`, with at most nine decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(pub u64);

/// An amount of money in integer nano-dollars (10^-9 USD).
///
/// Written as a plain decimal number of dollars with at most nine decimals. Room for 18 billion dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NanoUsd(pub u64);

impl Rate {
    /// Above this, 10,000 USD per million tokens, a rate is a slip of the decimal point and a table with it is refused.
    pub const CAP: Self = Self(10_000 * NANO);

    /// The rate that is to this one as `now` is to `base`; the same where nothing is in proportion to `base`.
    pub(crate) fn scaled(self, base: Self, now: Self) -> Self {
        let part = (u128::from(self.0) * u128::from(now.0)).checked_div(u128::from(base.0));
        part.and_then(|part| u64::try_from(part).ok()).map_or(self, Self)
    }
}

impl NanoUsd {
    /// Above this, 1,000 USD for one request or picture, a fee is a slip of the decimal point.
    pub const FEE_CAP: Self = Self(1_000 * NANO);

    /// Most that one answer is believed to cost, 10,000 USD: what is beyond is a slip of somebody's, and is held here so that
    /// no counter is filled by it (H10).
    pub const ANSWER_CAP: Self = Self(10_000 * NANO);

    /// Exact dollars without trailing zeros: `"0.000123"`.
    #[must_use]
    pub fn to_usd_string(self) -> String {
        dollars(self.0)
    }

    /// The sum, held at the largest amount instead of wrapping around.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Self::saturating_add)
    }
}

/// Why a text is not an amount of dollars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadAmount {
    /// Below zero. Usual cause: a source's marker for "varies".
    #[error("{0:?} is negative")]
    Negative(String),
    /// Not digits with at most one point between them. Usual cause: an exponent, a currency sign, an empty text.
    #[error("{0:?} is not a plain decimal number")]
    NotDecimal(String),
    /// More than nine decimals, so not a whole number of nano-dollars. Usual cause: a float printed in full.
    #[error("{0:?} has more than nine decimals")]
    TooPrecise(String),
    /// More than an unsigned 64-bit count of nano-dollars can hold.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

impl FromStr for Rate {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        nanos(text).map(Self)
    }
}

impl FromStr for NanoUsd {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        nanos(text).map(Self)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dollars(self.0))
    }
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dollars(self.0))
    }
}

impl TryFrom<String> for Rate {
    type Error = BadAmount;

    fn try_from(text: String) -> Result<Self, BadAmount> {
        text.parse()
    }
}

impl TryFrom<String> for NanoUsd {
    type Error = BadAmount;

    fn try_from(text: String) -> Result<Self, BadAmount> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl From<NanoUsd> for String {
    fn from(amount: NanoUsd) -> Self {
        amount.to_string()
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

/// Nano-dollars in a dollar.
const NANO: u64 = 1_000_000_000;
const DECIMALS: usize = 9;

fn nanos(text: &str) -> Result<u64, BadAmount> {
    if text.starts_with('-') {
        return Err(BadAmount::Negative(text.to_owned()));
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) {
        return Err(BadAmount::NotDecimal(text.to_owned()));
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > DECIMALS {
        return Err(BadAmount::TooPrecise(text.to_owned()));
    }
    let too_large = || BadAmount::TooLarge(text.to_owned());
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let decimals: u64 = format!("{decimals:0<DECIMALS$}").parse().map_err(|_| too_large())?;
    whole.checked_mul(NANO).and_then(|whole| whole.checked_add(decimals)).ok_or_else(too_large)
}

/// By hand, since every priced answer is told its cost, and the machinery of formats takes five times as long.
fn dollars(nanos: u64) -> String {
    // From the last digit on, in room for the largest.
    let mut room = [b'0'; 32];
    let mut at = room.len();
    let mut put = |digit: u8| {
        at -= 1;
        room[at] = digit;
        at
    };
    let (mut whole, mut rest) = (nanos / NANO, nanos % NANO);
    let mut begun = false;
    for _ in 0..DECIMALS {
        // No zeros at the end.
        begun |= rest % 10 > 0;
        if begun {
            put(b'0' + (rest % 10) as u8);
        }
        rest /= 10;
    }
    if begun {
        put(b'.');
    }
    let start = loop {
        let start = put(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break start;
        }
    };
    String::from_utf8_lossy(&room[start..]).into_owned()
}
