//! How long to wait before the next try: longer each time, and never the same for two sidecars (K9).

use std::time::Duration;

/// The first wait is below this, each later one below twice the one before ...
const FIRST: Duration = Duration::from_secs(1);
/// ... up to this.
const LAST: Duration = Duration::from_secs(15);
/// Not less: a control plane that ends every stream at once must not be asked in a loop.
const LEAST: Duration = Duration::from_millis(50);
/// A stream that lived so long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// Counts tries.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failed: u32,
    greeted: bool,
}

impl Backoff {
    /// The control plane answers.
    pub(crate) fn reset(&mut self) {
        self.greeted = true;
    }

    /// How long to wait now that a stream has ended after `lived`. `draw` is in 0..1: full jitter, so that those who lost
    /// one control plane at one moment come to the next spread over the whole wait.
    pub(crate) fn next(&mut self, lived: Duration, draw: f64) -> Duration {
        if std::mem::take(&mut self.greeted) && lived >= GOOD {
            self.failed = 0;
        }
        let most = (FIRST * 2_u32.saturating_pow(self.failed.min(8))).min(LAST);
        self.failed = self.failed.saturating_add(1);
        LEAST.max(most.mul_f64(draw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_start_anew_behind_a_good_stream() {
        let mut backoff = Backoff::default();
        let mut wait = |lived: u64, greeted: bool| {
            if greeted {
                backoff.reset();
            }
            backoff.next(Duration::from_secs(lived), 1.0).as_secs()
        };
        let waits: Vec<u64> = (0..6).map(|_| wait(0, false)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 15, 15]);
        assert_eq!((wait(60, true), wait(0, false)), (1, 2));
        // One that greets and ends at once is no better than one that is not there.
        assert_eq!((wait(0, true), wait(0, true)), (4, 8));
    }

    /// K9: who lost one control plane at one moment is spread over the whole wait, from the first try on.
    #[test]
    fn waits_of_many_are_spread_over_the_whole_bound() {
        let waits = |failed: u32| {
            (1..=10).map(move |draw| Backoff { failed, greeted: false }.next(Duration::ZERO, f64::from(draw) / 10.0))
        };
        for (failed, step) in [(0, 100), (4, 1_500)] {
            let spread: Vec<u128> = waits(failed).map(|wait| wait.as_millis()).collect();
            assert_eq!(spread, (1..=10).map(|part| part * step).collect::<Vec<u128>>());
        }
    }

    #[test]
    fn no_wait_is_nothing() {
        assert_eq!(Backoff::default().next(Duration::ZERO, 0.0), LEAST);
    }
}
