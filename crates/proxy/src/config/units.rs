//! Sizes and times as people write them in settings: in the grammar of policy, which is Gateway API's and Kubernetes' (H21).
//! What a policy may say in a `SidecarProfile` can be said here in the same words.

use std::{num::IntErrorKind, time::Duration};

/// Longest time of any setting, as in policy: a longer one is a slip of the unit.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Largest size of any setting: more than a machine that runs a sidecar has.
const LARGEST: u64 = 64 << 30;
/// Most parts of one duration, and most digits in one part (GEP-2257).
const PARTS: usize = 4;
const DIGITS: usize = 5;
/// Most digits of a size, before its point and after it.
const WHOLE: usize = 12;
const PLACES: usize = 3;
/// Most threads: more than any machine has cores for them.
const THREADS: u16 = 1024;
/// Most answers that are remembered: about 1 GiB of them.
const GENERATIONS: usize = 1_000_000;

/// `512`, `64Ki`, `80Mi`, `1.5Gi`, `10M`: bytes as Kubernetes writes them; `KiB`, `MiB` and `GiB` mean the same as without
/// `B`. From 1 byte to 64Gi.
pub fn bytes(text: &str) -> Result<usize, String> {
    let wrong = || "not a size; write whole bytes, or 64Ki, 80Mi, 1Gi".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: u64 = match unit {
        "" | "B" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" | "KiB" => 1 << 10,
        "Mi" | "MiB" => 1 << 20,
        "Gi" | "GiB" => 1 << 30,
        _ => return Err(format!("`{unit}` is no unit; use k, M, G, Ki, Mi or Gi")),
    };
    let (whole, part) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let part = part.unwrap_or("0");
    if part.is_empty() || part.len() > PLACES || whole.len() > WHOLE {
        return Err(wrong());
    }
    // At most 15 digits.
    let thousandths: u128 = format!("{whole}{part:0<3}").parse().map_err(|_| wrong())?;
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let bytes = thousandths * u128::from(factor) / 1_000;
    match usize::try_from(bytes) {
        Ok(bytes) if (1..=u128::from(LARGEST)).contains(&(bytes as u128)) => Ok(bytes),
        _ if bytes == 0 || whole == 0 && bytes < 1 => Err("too small: at least 1 byte".to_owned()),
        _ => Err("too large: at most 64Gi".to_owned()),
    }
}

/// `250ms`, `10s`, `5m`, `1h30m`: a time of more than nothing and at most 24h.
pub fn duration(text: &str) -> Result<Duration, String> {
    let time = parts(text).ok_or("not a time; write whole numbers with h, m, s or ms, such as 2s, 500ms or 1h30m")?;
    match time {
        Duration::ZERO => Err("too short: more than 0s".to_owned()),
        time if time > LONGEST => Err("too long: at most 24h".to_owned()),
        time => Ok(time),
    }
}

/// How many threads.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    count(text, 1, usize::from(THREADS))
}

/// How many answers.
pub(super) fn generations(text: &str) -> Result<usize, String> {
    count(text, 0, GENERATIONS)
}

fn count(text: &str, least: usize, most: usize) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        Err(error) if *error.kind() != IntErrorKind::PosOverflow => Err("not a whole number".to_owned()),
        _ => Err(format!("must be {least} to {most}")),
    }
}

/// At most four parts of at most five digits, so that no sum is too large.
fn parts(text: &str) -> Option<Duration> {
    let (mut rest, mut sum, mut parts) = (text, Duration::ZERO, 0);
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let (unit, tail) = tail.split_at(tail.bytes().take_while(u8::is_ascii_alphabetic).count());
        let millis = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        parts += 1;
        if parts > PARTS || number.len() > DIGITS {
            return None;
        }
        sum += Duration::from_millis(number.parse::<u64>().ok()? * millis);
        rest = tail;
    }
    (parts > 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        for (text, expected) in [
            ("64MiB", 64 << 20),
            ("64Mi", 64 << 20),
            ("7", 7),
            ("1.5Ki", 1536),
            ("10M", 10_000_000),
            ("0.001k", 1),
            ("64Gi", 64 << 30),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for (text, expected) in [("250ms", 250), ("2m", 120_000), ("1h30m", 5_400_000), ("24h", 86_400_000), ("1ms", 1)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(expected)), "{text}");
        }
    }

    /// H21: nothing that is written makes us panic, wait for ever or take all memory.
    #[test]
    fn sizes_and_times_have_bounds() {
        for text in
            ["7MB", "", "Mi", "1.", ".5Mi", "1.2345Ki", "-1", "+1", "1 Mi", "1e3", "\u{661}", "9999999999999", "1.5.5"]
        {
            assert!(bytes(text).is_err(), "{text}");
        }
        let most = u64::MAX.to_string();
        for (text, says) in
            [("0", "too small"), ("0.1", "too small"), ("64.001Gi", "too large"), ("999999999999Gi", "too large")]
        {
            assert!(bytes(text).is_err_and(|why| why.contains(says)), "{text}");
        }
        assert!(bytes(&most).is_err() && duration(&format!("{most}h")).is_err());
        for text in ["2", "s", "", "1.5s", "-1s", "1d", "1h1h1h1h1h", "100000s", "1s ", "\u{661}s"] {
            assert!(duration(text).is_err_and(|why| why.contains("such as 2s")), "{text}");
        }
        for (text, says) in [("0s", "too short"), ("24h1ms", "too long"), ("99999h", "too long")] {
            assert!(duration(text).is_err_and(|why| why.contains(says)), "{text}");
        }
        assert_eq!((threads("1"), threads("1024"), generations("0")), (Ok(1), Ok(1024), Ok(0)));
        for text in ["0", "1025", &most, "99999999999999999999999", "-1", "x", ""] {
            assert!(threads(text).is_err(), "{text}");
        }
        assert!(generations("1000001").is_err());
    }
}
