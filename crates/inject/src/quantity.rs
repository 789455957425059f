//! Amounts as Kubernetes writes them, without exponents.

/// In thousandths; `None`: it is no amount.
pub(crate) fn thousandths(text: &str) -> Option<u128> {
    let at = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor: u128 = match unit {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 3 || !digits(whole) || !digits(part) || number.ends_with('.')
    {
        return None;
    }
    let part: u128 = format!("{part:0<3}").parse().ok()?;
    Some((whole.parse::<u128>().ok()? * 1_000 + part) * factor / 1_000)
}

/// Whole bytes.
pub(crate) fn bytes(text: &str) -> Option<u128> {
    Some(thousandths(text)? / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_reads_them() {
        for (text, amount) in [
            ("20m", Some(20)),
            ("1", Some(1_000)),
            ("0.5", Some(500)),
            ("1.5Ki", Some(1_536_000)),
            ("32Mi", Some(33_554_432_000)),
            ("1G", Some(1_000_000_000_000)),
            ("999999999Gi", Some(999_999_999 * 1_073_741_824 * 1_000)),
            ("", None),
            ("Mi", None),
            ("1.", None),
            (".5", None),
            ("-1", None),
            ("1e3", None),
            ("1mi", None),
            ("1.2.3", None),
            ("1.2345", None),
            ("9999999999", None),
        ] {
            assert_eq!(thousandths(text), amount, "{text}");
        }
        assert_eq!(bytes("64Mi"), Some(64 << 20));
    }
}
