//! Months, quarters and years as people name them.

use std::{fmt, str::FromStr};

use crate::{
    error::{Error, Result},
    time,
};

/// A stretch of whole months, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    /// Months since the year 0.
    first: i64,
    length: i64,
}

impl Period {
    /// When it begins, in milliseconds since 1970.
    #[must_use]
    pub fn start_ms(self) -> i64 {
        time::month_start(self.first)
    }

    /// When it is over, in milliseconds since 1970: the first moment that is not in it.
    #[must_use]
    pub fn end_ms(self) -> i64 {
        time::month_start(self.first + self.length)
    }

    /// Its months, one by one.
    pub fn months(self) -> impl DoubleEndedIterator<Item = Self> {
        (self.first..self.first + self.length).map(|first| Self { first, length: 1 })
    }

    /// The period of the same length before it.
    #[must_use]
    pub fn before(self) -> Self {
        Self { first: self.first - self.length, length: self.length }
    }

    /// The month of a moment.
    #[must_use]
    pub fn month_of(ms: i64) -> Self {
        Self { first: time::month(ms), length: 1 }
    }

    /// The quarter of a moment.
    #[must_use]
    pub fn quarter_of(ms: i64) -> Self {
        Self { first: time::month(ms).div_euclid(3) * 3, length: 3 }
    }

    /// The numbers of its months.
    pub(crate) fn numbers(self) -> std::ops::Range<i64> {
        self.first..self.first + self.length
    }

    pub(crate) fn of_number(month: i64) -> Self {
        Self { first: month, length: 1 }
    }
}

impl FromStr for Period {
    type Err = Error;

    /// `2026-Q3` or `2026Q3`, `2026-09`, or `2026`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::Invalid(format!(
                "`{text}` is no period: write a quarter (2026-Q3), a month (2026-09) or a year (2026)"
            ))
        };
        let (year, rest) = text.split_at_checked(4).ok_or_else(wrong)?;
        if !year.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let year: i64 = year.parse().map_err(|_| wrong())?;
        if !(1970..9998).contains(&year) {
            return Err(wrong());
        }
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let (within, length) = match rest.as_bytes() {
            [] if text.len() == 4 => (0, 12),
            [b'q' | b'Q', digit @ b'1'..=b'4'] => (i64::from(digit - b'1') * 3, 3),
            [tens @ b'0'..=b'1', ones @ b'0'..=b'9'] if text.len() == 7 => {
                let month = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
                if !(1..=12).contains(&month) {
                    return Err(wrong());
                }
                (month - 1, 1)
            }
            _ => return Err(wrong()),
        };
        Ok(Self { first: year * 12 + within, length })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.length, self.first.rem_euclid(12)) {
            (12, 0) => write!(f, "{:04}", self.first / 12),
            (3, month) if month % 3 == 0 => f.write_str(&time::quarter_word(self.first / 3)),
            (1, _) => f.write_str(&time::month_word(self.first)),
            _ => write!(f, "{}..{}", time::month_word(self.first), time::month_word(self.first + self.length - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_quarter_a_month_or_a_year() {
        for (text, shown) in [
            ("2026-Q3", "2026-Q3"),
            ("2026Q3", "2026-Q3"),
            ("2026q3", "2026-Q3"),
            ("2026-09", "2026-09"),
            ("2026", "2026"),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), shown);
        }
        for text in
            ["", "26", "2026-", "2026-Q5", "2026-13", "2026-00", "202609", "2026-Q3x", "Q3-2026", "1969", "٢٠٢٦"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_quarter_is_its_three_months_and_ends_where_the_next_begins() {
        let quarter: Period = "2026-Q4".parse().unwrap();
        assert_eq!(
            quarter.months().map(|month| month.to_string()).collect::<Vec<_>>(),
            ["2026-10", "2026-11", "2026-12"]
        );
        assert_eq!(quarter.end_ms(), "2027-Q1".parse::<Period>().unwrap().start_ms());
        assert_eq!(quarter.before().to_string(), "2026-Q3");
        assert_eq!(Period::quarter_of(quarter.end_ms() - 1), quarter);
        assert_eq!(Period::month_of(quarter.end_ms()).to_string(), "2027-01");
    }
}
