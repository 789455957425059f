//! Which request comes when: a pure function of the seed and the request's number, so that a run can be repeated
//! whatever the order in which connections become free.

use super::kind::{KINDS, Kind};
use crate::bench::answers::Shape;

/// Sizes that prompts, answers and streams come in.
pub(super) const SIZES: usize = 3;

/// What one request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) kind: Kind,
    /// Whose dialect the caller speaks.
    pub(super) shape: Shape,
    /// Below [`SIZES`].
    pub(super) size: usize,
    /// On a connection of its own.
    pub(super) fresh: bool,
}

/// Request `number` of the run with this seed.
pub(super) fn draw(seed: u64, number: u64) -> Drawn {
    let random = mixed(seed ^ mixed(number));
    let total: u64 = KINDS.iter().map(|row| row.weight).sum();
    let mut left = random % total;
    let row = KINDS.iter().find(|row| {
        let here = left < row.weight;
        left = left.saturating_sub(row.weight);
        here
    });
    let bits = mixed(random);
    Drawn {
        kind: row.unwrap_or(&KINDS[0]).kind,
        shape: if bits & 3 == 0 { Shape::Messages } else { Shape::Chat },
        size: match (bits >> 2) % 100 {
            0..88 => 0,
            88..98 => 1,
            _ => 2,
        },
        fresh: (bits >> 32).is_multiple_of(64),
    }
}

/// The step of SplitMix64 (Steele, Lea and Flood, 2014).
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_another_does_not() {
        let run = |seed| (0..1000).map(|number| draw(seed, number)).collect::<Vec<_>>();
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn kinds_come_as_often_as_their_weights_say() {
        let mut counts = [0_u64; KINDS.len()];
        (0..200_000).for_each(|number| counts[draw(7, number).kind.at()] += 1);
        for (row, count) in KINDS.iter().zip(counts) {
            let due = row.weight * 200;
            // Five standard deviations.
            assert!((count.abs_diff(due) as f64) < 5.0 * (due as f64).sqrt(), "{}: {count} for {due}", row.name);
        }
    }
}
