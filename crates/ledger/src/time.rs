//! Hours, days and months as numbers, all in UTC.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// The latest moment that is booked, the end of the year 9998: beyond it nothing can be written as a date.
const LATEST_MS: i64 = 253_370_764_799_999;

/// Hours since 1970.
pub(crate) fn hour(ms: i64) -> i64 {
    ms.div_euclid(HOUR_MS)
}

/// Days since 1970.
pub(crate) fn day(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// Months since the year 0: `12 * year + month - 1`.
pub(crate) fn month(ms: i64) -> i64 {
    let date = date(ms);
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// When a month begins, in milliseconds since 1970.
pub(crate) fn month_start(month: i64) -> i64 {
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(i16::MAX);
    let of_year = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    Date::new(year, of_year, 1).map_or(LATEST_MS, start_of)
}

/// The day of a moment.
pub(crate) fn date(ms: i64) -> Date {
    let moment = Timestamp::from_millisecond(ms.clamp(0, LATEST_MS)).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.to_zoned(TimeZone::UTC).date()
}

/// When a day begins, in milliseconds since 1970.
pub(crate) fn start_of(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC).map_or(LATEST_MS, |zoned| zoned.timestamp().as_millisecond())
}

/// `2026-11`.
pub(crate) fn month_word(month: i64) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

/// `2026-11-28`.
pub(crate) fn day_word(day: i64) -> String {
    date(day.saturating_mul(DAY_MS)).to_string()
}

/// `2026-11-28T09:00Z`.
pub(crate) fn hour_word(hour: i64) -> String {
    format!("{}T{:02}:00Z", day_word(hour.div_euclid(24)), hour.rem_euclid(24))
}

/// `2026-Q4`.
pub(crate) fn quarter_word(quarter: i64) -> String {
    format!("{:04}-Q{}", quarter.div_euclid(4), quarter.rem_euclid(4) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_the_calendar_says() {
        // 2026-02-28T23:59:59.999Z and the next millisecond.
        let last = 1_772_323_199_999;
        assert_eq!(month_word(month(last)), "2026-02");
        assert_eq!(month_word(month(last + 1)), "2026-03");
        assert_eq!(month_start(month(last + 1)), last + 1);
        assert_eq!(day_word(day(last)), "2026-02-28");
        assert_eq!(hour_word(hour(last)), "2026-02-28T23:00Z");
        assert_eq!(quarter_word(month(last).div_euclid(3)), "2026-Q1");
    }
}
