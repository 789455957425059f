//! From a source's JSON numbers to exact rates.

use outrigger_catalog::{NanoUsd, Rate};
use serde_json::Value;

/// Dollars per million tokens as a number.
pub(crate) fn per_million(value: &Value) -> Option<Rate> {
    nanos(value.as_f64()?, 0).map(Rate)
}

/// Dollars per token as a number.
pub(crate) fn per_token(value: &Value) -> Option<Rate> {
    nanos(value.as_f64()?, 6).map(Rate)
}

/// Dollars as a number.
pub(crate) fn fee(value: &Value) -> Option<NanoUsd> {
    nanos(value.as_f64()?, 0).map(NanoUsd)
}

/// `value` × 10^`shift` dollars in whole nano-dollars.
///
/// Sources write decimals, JSON readers make binary floats of them. The shortest decimal that reads back as the same
/// float is what the source wrote; from there on it is integers, rounded half up at nine decimals (sources that were
/// themselves computed in floats say 0.049999999999999996).
fn nanos(value: f64, shift: i32) -> Option<u64> {
    if !value.is_finite() || value < 0.0 {
        return None;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e')?;
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa: u128 = format!("{whole}{decimals}").parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let power = exponent + shift + 9 - i32::try_from(decimals.len()).ok()?;
    let scale = 10u128.checked_pow(power.unsigned_abs());
    let nanos = if power >= 0 {
        mantissa.checked_mul(scale?)?
    } else {
        // A scale too large to compute leaves nothing of the mantissa.
        scale.map_or(0, |scale| (mantissa + scale / 2) / scale)
    };
    u64::try_from(nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_become_the_decimals_their_source_wrote() {
        let rate = |text: &str| text.parse::<Rate>().ok();
        assert_eq!(per_million(&json!(0.15)), rate("0.15"));
        assert_eq!(per_million(&json!(3)), rate("3"));
        assert_eq!(per_million(&json!(0.049_999_999_999_999_996)), rate("0.05"));
        assert_eq!(per_token(&json!(1.5e-7)), rate("0.15"));
        assert_eq!(per_token(&json!(2.5e-5)), rate("25"));
        assert_eq!(per_token(&json!(0.0)), rate("0"));
        assert_eq!(per_million(&json!(1e-30)), rate("0"));
        assert_eq!(per_million(&json!(-1)), None);
        assert_eq!(per_million(&json!("0.15")), None);
    }
}
