//! Moments as people write them.

use jiff::{Timestamp, civil::Date};

use crate::{
    error::{Error, Result},
    period::Period,
    time,
};

/// Which end of a stretch a moment is, where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its start.
    Start,
    /// Its end.
    End,
}

/// Reads `90d`, `12h`, `4w` before now, `now`, a date, a moment as RFC 3339 has it, or an end of a period.
///
/// # Errors
///
/// [`Error::Invalid`] says what can be written.
pub fn moment(text: &str, now_ms: i64, end: End) -> Result<i64> {
    if text == "now" {
        return Ok(now_ms);
    }
    if let Some(ago) = ago(text) {
        return Ok(now_ms.saturating_sub(ago).max(0));
    }
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Ok(time::start_of(date).max(0));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_millisecond().max(0));
    }
    if let Ok(period) = text.parse::<Period>() {
        return Ok(if end == End::Start { period.start_ms() } else { period.end_ms() });
    }
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(64).collect();
    Err(Error::Invalid(format!(
        "`{text}` is no moment: write how long ago (90d, 12h, 4w), a date (2026-07-01), a moment (2026-07-01T09:00:00Z) or a period (2026-Q3)"
    )))
}

fn ago(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "h" => time::HOUR_MS,
        "d" => time::DAY_MS,
        "w" => 7 * time::DAY_MS,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    i64::from(number).checked_mul(unit)
}
