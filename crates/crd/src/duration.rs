//! Durations as Gateway API writes them (GEP-2257).

use std::{borrow::Cow, fmt, time};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A duration such as `2s`, `500ms`, `1h30m`: at most four parts, each of one to five digits and one of the units
/// `h`, `m`, `s`, `ms`. No fractions and no sign (GEP-2257).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(pub String);

/// Why a text is not a [`Duration`], without the text (H12). Usual causes: a bare number without unit, a fraction (`1.5s`), an unknown unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDuration;

/// Most parts in one duration.
const PARTS: usize = 4;
/// Most digits in one part.
const DIGITS: usize = 5;

impl Duration {
    /// The length of time it names.
    ///
    /// # Errors
    ///
    /// If the text does not follow GEP-2257.
    pub fn parse(&self) -> Result<time::Duration, BadDuration> {
        let bad = || BadDuration;
        let (mut rest, mut sum, mut parts) = (self.0.as_str(), time::Duration::ZERO, 0);
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, tail) = tail.split_at(letters);
            let number: u64 = number.parse().map_err(|_| bad())?;
            let millis = match unit {
                "h" => 3_600_000,
                "m" => 60_000,
                "s" => 1_000,
                "ms" => 1,
                _ => return Err(bad()),
            };
            parts += 1;
            if digits > DIGITS || parts > PARTS {
                return Err(bad());
            }
            sum += time::Duration::from_millis(number * millis);
            rest = tail;
        }
        if parts == 0 { Err(bad()) } else { Ok(sum) }
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": 28,
            "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$",
            "x-kubernetes-validations": [{
                "rule": "duration(self) > duration('0s') && duration(self) <= duration('24h')",
                "message": "must be longer than 0s and at most 24h, such as 30s; remove the field for the default"
            }]
        })
    }
}

impl From<&str> for Duration {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::error::Error for BadDuration {}

impl fmt::Display for BadDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a duration: write whole numbers with h, m, s or ms, such as 2s, 500ms or 1h30m")
    }
}
