//! Money for people and for spreadsheets: pure, and never by way of a floating-point number.

const DOLLAR: i128 = 1_000_000_000;
/// Nano-dollars of the last digit that people are shown.
const STEP: i128 = 100_000;

/// For people: `1,234.5678`. What is too little for four decimals is `<0.0001` and not nothing.
pub(super) fn shown(nano: i128) -> String {
    let sign = if nano < 0 { "-" } else { "" };
    let size = nano.abs();
    if size > 0 && size < STEP {
        return if nano < 0 { "-<0.0001".to_owned() } else { "<0.0001".to_owned() };
    }
    let steps = (size + STEP / 2) / STEP;
    let (whole, part) = (steps / 10_000, steps % 10_000);
    format!("{sign}{}.{part:04}", grouped(whole))
}

/// Exact: `1234.567800001`.
pub(super) fn exact(nano: i128) -> String {
    let sign = if nano < 0 { "-" } else { "" };
    format!("{sign}{}.{:09}", nano.abs() / DOLLAR, nano.abs() % DOLLAR)
}

/// `1,234,567`.
pub(super) fn grouped(number: i128) -> String {
    let digits = number.abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_rounded_for_people_and_exact_for_programs() {
        for (nano, people, programs) in [
            (0, "0.0000", "0.000000000"),
            (1, "<0.0001", "0.000000001"),
            (-1, "-<0.0001", "-0.000000001"),
            (49_999, "<0.0001", "0.000049999"),
            (150_000, "0.0002", "0.000150000"),
            (999_999_950_000, "1,000.0000", "999.999950000"),
            (1_234_567_890_123_456, "1,234,567.8901", "1234567.890123456"),
            (-2_500_000_000, "-2.5000", "-2.500000000"),
        ] {
            assert_eq!((shown(nano).as_str(), exact(nano).as_str()), (people, programs), "{nano}");
        }
        assert_eq!(
            (grouped(100), grouped(1_000), grouped(-1_234_567)),
            ("100".into(), "1,000".into(), "-1,234,567".into())
        );
    }
}
