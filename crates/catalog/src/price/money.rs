//! Amounts and rates: whole nano-dollars, written as plain decimals.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

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
