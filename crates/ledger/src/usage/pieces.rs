//! A stretch of time, cut into whole months, days and hours: pure.

use crate::time;

/// How fine the parts of an answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grain {
    Hour,
    Day,
    Month,
}

/// Sums of one span, from a number to another, the latter not included. All that is not of whole months lies in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) span: i64,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The fewest sums that make up the hours from `since` to `until`, none coarser than the grain.
pub(super) fn pieces(since: i64, until: i64, grain: Grain) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |span, from, to| {
        if from < to {
            pieces.push(Piece { span, from, to });
        }
    };
    if grain == Grain::Hour {
        push(0, since, until);
        return pieces;
    }
    // The whole days within.
    let (first_day, last_day) = (since.div_euclid(24) + i64::from(since.rem_euclid(24) != 0), until.div_euclid(24));
    if first_day > last_day {
        push(0, since, until);
        return pieces;
    }
    push(0, since, first_day * 24);
    if grain == Grain::Day {
        push(1, first_day, last_day);
    } else {
        let month_at = |day: i64| time::month(day * time::DAY_MS);
        let start_of = |month: i64| time::day(time::month_start(month));
        let first_month = month_at(first_day) + i64::from(start_of(month_at(first_day)) != first_day);
        let last_month = month_at(last_day);
        if first_month > last_month {
            push(1, first_day, last_day);
        } else {
            push(1, first_day, start_of(first_month));
            push(2, first_month, last_month);
            push(1, start_of(last_month), last_day);
        }
    }
    push(0, last_day * 24, until);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The hours of a piece.
    fn hours(piece: Piece) -> std::ops::Range<i64> {
        match piece.span {
            0 => piece.from..piece.to,
            1 => piece.from * 24..piece.to * 24,
            _ => {
                let hour = |month| time::hour(time::month_start(month));
                hour(piece.from)..hour(piece.to)
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_are_the_stretch_without_gap_or_overlap(since in 480_000_i64..500_000, length in 1_i64..20_000, grain in 0..3) {
            let grain = [Grain::Hour, Grain::Day, Grain::Month][grain as usize];
            let mut next = since;
            for piece in pieces(since, since + length, grain) {
                let hours = hours(piece);
                prop_assert_eq!(hours.start, next);
                if piece.span < 2 {
                    let month = |hour: i64| time::month(hour * time::HOUR_MS);
                    prop_assert!(grain != Grain::Month || month(hours.start) == month(hours.end - 1));
                }
                next = hours.end;
            }
            prop_assert_eq!(next, since + length);
        }
    }
}
