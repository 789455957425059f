//! Weeks from days: Monday to Sunday in UTC, cut at the ends of the period.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};

use crate::{
    error::Error,
    figures::{Group, Sums},
};

/// A week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Week {
    /// Its first day in the period.
    pub(crate) first: Date,
    /// How many of its days lie in the period.
    pub(crate) days: i128,
    pub(crate) total: Sums,
    /// By vendor.
    pub(crate) vendors: BTreeMap<String, Sums>,
}

/// Longest stretch of time: somewhat more than a year.
const MOST_DAYS: i32 = 400;

pub(crate) fn day(text: &str) -> Result<Date, Error> {
    text.get(..10).and_then(|text| text.parse().ok()).ok_or_else(|| Error::Day(text.chars().take(32).collect()))
}

/// How many days lie between them.
pub(crate) fn between(first: Date, end: Date) -> i128 {
    first.until(end).map_or(0, |span| i128::from(span.get_days()))
}

/// The weeks from `first` to `end`, not itself, also such as nothing was spent in. `days` are groups by day and vendor.
pub(crate) fn weeks(first: Date, end: Date, days: &[Group]) -> Result<Vec<Week>, Error> {
    let length = between(first, end);
    if length < 1 || length > i128::from(MOST_DAYS) {
        return Err(Error::Period);
    }
    let mut weeks: Vec<Week> = Vec::new();
    let mut begin = first;
    while begin < end {
        let left = 7 - i64::from(begin.weekday().to_monday_zero_offset());
        let next = begin.checked_add(left.days()).map_err(|_| Error::Period)?.min(end);
        weeks.push(Week { first: begin, days: between(begin, next), total: Sums::default(), vendors: BTreeMap::new() });
        begin = next;
    }
    for group in days {
        let at = day(group.name(0))?;
        let Some(week) = weeks.iter_mut().rev().find(|week| week.first <= at).filter(|_| at < end) else {
            return Err(Error::Day(at.to_string()));
        };
        let sums = group.sums();
        week.total.add(&sums);
        week.vendors.entry(group.name(1).to_owned()).or_default().add(&sums);
    }
    Ok(weeks)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn spent(day: &str, nano: i128) -> Group {
        Group { names: vec![day.into(), "v".into()], booked: Sums { nano, ..Sums::default() }, ..Group::default() }
    }

    #[test]
    fn weeks_begin_on_mondays_and_end_with_the_period() {
        let (first, end) = (day("2026-10-01").unwrap(), day("2027-01-01").unwrap());
        let days = [spent("2026-10-01", 1), spent("2026-10-04", 2), spent("2026-10-05", 4), spent("2026-12-31", 8)];
        let weeks = weeks(first, end, &days).unwrap();
        assert_eq!((weeks.len(), weeks.iter().map(|week| week.days).sum::<i128>()), (14, 92));
        assert_eq!((weeks[0].days, weeks[0].total.nano, weeks[1].total.nano), (4, 3, 4));
        assert_eq!((weeks[13].days, weeks[13].total.nano), (4, 8));
        assert!(super::weeks(first, end, &[spent("2027-01-01", 1)]).is_err());
        assert!(super::weeks(first, end, &[spent("2026-09-30", 1)]).is_err());
        assert!(super::weeks(first, first, &[]).is_err());
    }
}
