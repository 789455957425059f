//! A set of numbers as ranges, as short text.

use std::fmt::Write as _;

use crate::error::{Error, Result};

/// More ranges than this of one epoch are not kept: its batches would have to come in an order that no sidecar sends them in.
pub(crate) const MOST: usize = 512;

/// Which numbers of an epoch have come: ranges in order, with gaps between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    /// `1-200,205,300-310`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::Corrupt(format!("a set of numbers `{}`", text.chars().take(80).collect::<String>()));
        let mut ranges = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range: (i64, i64) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
            let after = ranges.last().is_none_or(|&(_, last): &(i64, i64)| last < range.0 - 1);
            if !after || range.0 < 1 || range.1 < range.0 {
                return Err(wrong());
            }
            ranges.push(range);
        }
        Ok(Self(ranges))
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for &(first, last) in &self.0 {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = if first == last { write!(text, "{comma}{first}") } else { write!(text, "{comma}{first}-{last}") };
        }
        text
    }

    #[cfg(test)]
    fn contains(&self, number: i64) -> bool {
        let after = self.0.partition_point(|&(_, last)| last < number);
        self.0.get(after).is_some_and(|&(first, _)| first <= number)
    }

    /// Whether it was not there before.
    pub(crate) fn insert(&mut self, number: i64) -> bool {
        let at = self.0.partition_point(|&(_, last)| last < number - 1);
        match self.0.get_mut(at) {
            Some(&mut (first, last)) if first <= number && number <= last => return false,
            Some((first, _)) if *first == number + 1 => *first = number,
            Some((_, last)) if *last == number - 1 => {
                *last = number;
                if let Some(&(next, end)) = self.0.get(at + 1)
                    && next == number + 1
                {
                    self.0[at].1 = end;
                    self.0.remove(at + 1);
                }
            }
            _ => self.0.insert(at, (number, number)),
        }
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The highest number. 0: none.
    pub(crate) fn highest(&self) -> i64 {
        self.0.last().map_or(0, |&(_, last)| last)
    }

    /// What is missing of `1..=to`, as ranges.
    pub(crate) fn missing(&self, to: i64) -> Vec<(i64, i64)> {
        let mut missing = Vec::new();
        let mut next = 1;
        for &(first, last) in &self.0 {
            if first > to {
                break;
            }
            if next < first {
                missing.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= to {
            missing.push((next, to));
        }
        missing
    }

    /// The highest number up to which every one has come, or is below `dropped_below`.
    pub(crate) fn through(&self, dropped_below: i64) -> i64 {
        let base = (dropped_below - 1).max(0);
        let at = self.0.partition_point(|&(_, last)| last < base);
        match self.0.get(at) {
            Some(&(first, last)) if first <= base + 1 => {
                // A range that ends just at the base may be followed by one that begins... after a gap: it ends there.
                last.max(base)
            }
            _ => base,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_the_set_of_what_was_put_in(numbers in prop::collection::vec(1_i64..60, 0..80), dropped in 0_i64..60) {
            let mut ranges = Ranges::default();
            let mut set = BTreeSet::new();
            for number in numbers {
                prop_assert_eq!(ranges.insert(number), set.insert(number));
            }
            let kept = Ranges::parse(&ranges.to_text()).unwrap();
            prop_assert_eq!(&kept, &ranges);
            for number in 1..70 {
                prop_assert_eq!(kept.contains(number), set.contains(&number));
            }
            prop_assert_eq!(kept.highest(), set.last().copied().unwrap_or(0));
            let missing: Vec<i64> = kept.missing(65).into_iter().flat_map(|(first, last)| first..=last).collect();
            prop_assert_eq!(missing, (1..=65).filter(|number| !set.contains(number)).collect::<Vec<_>>());
            let through = (1..).find(|number| *number >= dropped && !set.contains(number)).unwrap() - 1;
            prop_assert_eq!(kept.through(dropped), through);
        }
    }

    #[test]
    fn what_is_no_set_of_ranges_is_refused() {
        for text in ["x", "2-1", "0-3", "1-2,3", "5,1", "1--2"] {
            assert!(Ranges::parse(text).is_err(), "{text}");
        }
    }
}
