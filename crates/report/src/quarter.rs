//! Quarters as people name them.

use std::str::FromStr;

use jiff::civil::{Date, date};

use crate::error::Error;

/// A quarter of a year, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarter {
    year: i16,
    /// 0 to 3.
    number: i16,
}

impl Quarter {
    /// As a ledger calls it: `2026-Q4`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{:04}-Q{}", self.year, self.number + 1)
    }

    /// Its first day: `2026-10-01`.
    #[must_use]
    pub fn first_day(self) -> String {
        self.first().to_string()
    }

    /// The one before it.
    #[must_use]
    pub fn before(self) -> Self {
        self.moved(-1)
    }

    /// The one after it.
    #[must_use]
    pub fn after(self) -> Self {
        self.moved(1)
    }

    fn moved(self, by: i16) -> Self {
        let all = self.year * 4 + self.number + by;
        Self { year: all.div_euclid(4), number: all.rem_euclid(4) }
    }

    fn first(self) -> Date {
        // Of four digits and one to four: always a day.
        date(self.year, i8::try_from(self.number * 3 + 1).unwrap_or(1), 1)
    }
}

impl FromStr for Quarter {
    type Err = Error;

    /// `2026Q4` or `2026-Q4`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Quarter(text.chars().filter(|letter| !letter.is_control()).take(32).collect());
        let (year, rest) = text.split_at_checked(4).ok_or_else(wrong)?;
        let digits = year.bytes().all(|byte| byte.is_ascii_digit());
        let year = year.parse().ok().filter(|year| digits && (1971..8000).contains(year)).ok_or_else(wrong)?;
        match rest.strip_prefix('-').unwrap_or(rest).as_bytes() {
            [b'q' | b'Q', digit @ b'1'..=b'4'] => Ok(Self { year, number: i16::from(digit - b'1') }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_has_a_first_day_and_neighbours() {
        let quarter: Quarter = "2026Q4".parse().unwrap();
        assert_eq!((quarter.name().as_str(), quarter.first_day().as_str()), ("2026-Q4", "2026-10-01"));
        assert_eq!((quarter.before().name(), quarter.after().first_day()), ("2026-Q3".into(), "2027-01-01".into()));
        assert_eq!("2026-q1".parse::<Quarter>().unwrap().before().first_day(), "2025-10-01");
        for text in ["", "2026", "2026-Q5", "26Q1", "2026-04", "2026-Q1x", "٢٠٢٦Q1", "0001Q1"] {
            assert!(text.parse::<Quarter>().is_err(), "{text}");
        }
    }
}
