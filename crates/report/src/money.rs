//! Numbers for people: pure, and never by way of a floating-point number.

const DOLLAR: i128 = 1_000_000_000;
const CENT: i128 = DOLLAR / 100;

/// `$1,234.57`, half a cent up. What is less than a cent is `<$0.01` and not nothing.
pub(crate) fn usd(nano: i128) -> String {
    let sign = if nano < 0 { "-" } else { "" };
    let size = nano.abs();
    if size > 0 && size < CENT {
        return if nano < 0 { "-<$0.01".into() } else { "<$0.01".into() };
    }
    let cents = (size + CENT / 2) / CENT;
    format!("{sign}${}.{:02}", count(cents / 100), cents % 100)
}

/// Without cents, where they are much less than the rest: `$1,235`.
pub(crate) fn whole(nano: i128) -> String {
    if nano.abs() < 100 * DOLLAR {
        usd(nano)
    } else {
        format!("{}${}", if nano < 0 { "-" } else { "" }, count((nano.abs() + DOLLAR / 2) / DOLLAR))
    }
}

/// With its sign, for differences: `+$12.00`.
pub(crate) fn change(nano: i128) -> String {
    if nano > 0 { format!("+{}", usd(nano)) } else { usd(nano) }
}

/// `1,234,567`.
pub(crate) fn count(number: i128) -> String {
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

/// Large numbers in short: `1.2 million`, `3.4 billion`.
pub(crate) fn short(number: i128) -> String {
    let size = number.abs();
    let (unit, word) = match size {
        1_000_000_000.. => (1_000_000_000, "billion"),
        1_000_000.. => (1_000_000, "million"),
        _ => return count(number),
    };
    let tenths = (size * 10 + unit / 2) / unit;
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}.{} {word}", count(tenths / 10), tenths % 10)
}

/// A part of a whole in percent: `12.3%`. Of nothing there is no part.
pub(crate) fn share(part: i128, whole: i128) -> String {
    if whole <= 0 {
        return "–".into();
    }
    let tenths = (part.abs() * 1000 + whole / 2) / whole;
    if tenths == 0 && part != 0 {
        return "<0.1%".into();
    }
    let sign = if part < 0 { "-" } else { "" };
    format!("{sign}{}.{}%", count(tenths / 10), tenths % 10)
}

/// How much more or less than before, with its sign: `+12.3%`.
pub(crate) fn growth(now: i128, before: i128) -> String {
    if before <= 0 {
        return "–".into();
    }
    let change = share(now - before, before);
    if now > before { format!("+{change}") } else { change }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_rounded_and_little_is_not_nothing() {
        assert_eq!(
            [0, 1, 5_000_000, 1_234_565_000_000, -2_500_000_000, -3].map(usd),
            ["$0.00", "<$0.01", "<$0.01", "$1,234.57", "-$2.50", "-<$0.01"]
        );
        assert_eq!(
            (change(2 * DOLLAR), change(-2 * DOLLAR), change(0)),
            ("+$2.00".into(), "-$2.00".into(), "$0.00".into())
        );
        assert_eq!(
            [999, 1_250_000, 999_960_000, 3_000_000_000].map(short),
            ["999", "1.3 million", "1,000.0 million", "3.0 billion"]
        );
        assert_eq!(
            [(1, 8), (0, 5), (1, 100_000), (5, 0), (7, 7)].map(|(part, whole)| share(part, whole)),
            ["12.5%", "0.0%", "<0.1%", "–", "100.0%"]
        );
        assert_eq!(
            [(3, 2), (1, 2), (2, 2), (1, 0)].map(|(now, before)| growth(now, before)),
            ["+50.0%", "-50.0%", "0.0%", "–"]
        );
    }
}
