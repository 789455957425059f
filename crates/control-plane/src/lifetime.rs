//! How long a token counts, as people write it: the durations of policy, and days in front.

use std::time::Duration;

/// `30d`, `12h`, `1d12h30m`. Whether it is too long is for whoever issues to say.
pub(crate) fn lifetime(text: &str) -> Result<Duration, String> {
    parse(text).ok_or_else(|| {
        format!("{text:?} is not a lifetime: write whole numbers with d, h, m or s, such as 30d or 1d12h")
    })
}

fn parse(text: &str) -> Option<Duration> {
    let rest = |text: &str| outrigger_crd::Duration::from(text).parse().ok();
    let Some((days, hours)) = text.split_once('d') else { return rest(text) };
    // As many digits as the other units may have.
    if !(1..=5).contains(&days.len()) || !days.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let days = Duration::from_secs(days.parse::<u64>().ok()? * 24 * 3600);
    if hours.is_empty() { Some(days) } else { Some(days + rest(hours)?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_durations_with_days() {
        let hours = |text| lifetime(text).map(|time| time.as_secs_f64() / 3600.0);
        for (text, expected) in
            [("30d", 720.0), ("1d12h", 36.0), ("12h", 12.0), ("90m", 1.5), ("0d", 0.0), ("1d1h30m", 25.5)]
        {
            assert_eq!(hours(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn nonsense_is_told_with_what_to_write() {
        for text in
            ["", "d", "30", "30 d", "-1d", "+1d", "1.5d", "1h1d", "1d1d", "1dd", "1y", "999999d", "1d1", "soon", "١d"]
        {
            assert!(lifetime(text).is_err_and(|error| error.contains("such as 30d")), "{text}");
        }
    }
}
