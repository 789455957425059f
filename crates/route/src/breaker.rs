//! One target's circuit breaker: closed, open for a while, then half open with a widening opening (C1, C2, C5, C6).

use std::time::Duration;

/// Failures in a row that open the breaker whatever the rate.
const CONSECUTIVE: u32 = 5;
/// Samples in the window before a failure rate means anything.
const MIN_SAMPLES: u32 = 20;
/// Length of one of the three buckets of the 30 s window in which OpenRouter looks for outages.
const BUCKET: Duration = Duration::from_secs(10);
/// First cooldown; doubled on each relapse up to [`COOLDOWN_CAP`].
const COOLDOWN: Duration = Duration::from_secs(5);
const COOLDOWN_CAP: Duration = Duration::from_secs(60);
/// Concurrent requests at which a recovering target is taken for recovered.
const RECOVERED: u32 = 16;

/// Breaker of one target. Times are since a fixed start.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    consecutive: u32,
    /// Relapses since the last full recovery.
    trips: u32,
    /// Open until this time; zero when it never opened.
    until: Duration,
    /// While recovering: how many requests may be in flight. Zero = not recovering.
    opening: u32,
    /// (successes, failures) of the last three buckets.
    buckets: [(u32, u32); 3],
    bucket: u64,
}

impl Breaker {
    /// An attempt succeeded at `now`.
    pub fn success(&mut self, now: Duration) {
        self.roll(now);
        self.buckets[0].0 += 1;
        self.consecutive = 0;
        if self.opening > 0 && now >= self.until {
            self.opening *= 2;
            if self.opening >= RECOVERED {
                self.opening = 0;
                self.trips = 0;
                self.until = Duration::ZERO;
            }
        }
    }

    /// An attempt failed at `now` through the target's own fault. Returns whether this opened the breaker.
    pub fn failure(&mut self, now: Duration) -> bool {
        self.roll(now);
        self.buckets[0].1 += 1;
        self.consecutive += 1;
        let (ok, bad) = self.window();
        let relapse = self.opening > 0 && now >= self.until;
        let trips = relapse
            || (self.opening == 0
                && (self.consecutive >= CONSECUTIVE || (ok + bad >= MIN_SAMPLES && bad * 2 > ok + bad)));
        if trips {
            let cooldown = COOLDOWN.saturating_mul(1 << self.trips.min(8)).min(COOLDOWN_CAP);
            self.trips += 1;
            self.opening = 1;
            // A second failure never shortens a running cooldown (C2).
            self.until = self.until.max(now + cooldown);
        }
        trips
    }

    /// When the target may be called, given `in_flight` requests: `None` = now.
    pub fn closed_until(&self, now: Duration, in_flight: u32) -> Option<Duration> {
        if self.opening == 0 {
            return None;
        }
        if now < self.until {
            return Some(self.until);
        }
        // Half open: as many as the opening allows; the others look again soon.
        (in_flight >= self.opening).then(|| now + Duration::from_millis(100))
    }

    /// Half open, and as many requests as the opening allows are in flight.
    pub fn is_full(&self, now: Duration, in_flight: u32) -> bool {
        self.opening > 0 && now >= self.until && in_flight >= self.opening
    }

    /// Significant failures in the last 30 s: at least two, and at least three in ten.
    pub fn degraded(&mut self, now: Duration) -> bool {
        self.roll(now);
        let (ok, bad) = self.window();
        bad >= 2 && bad * 10 >= (ok + bad) * 3
    }

    /// Nothing to remember: such a breaker need not be asked.
    pub fn is_idle(&self) -> bool {
        self.opening == 0 && self.buckets.iter().all(|(_, bad)| *bad == 0)
    }

    fn window(&self) -> (u32, u32) {
        self.buckets.iter().fold((0, 0), |sum, bucket| (sum.0 + bucket.0, sum.1 + bucket.1))
    }

    fn roll(&mut self, now: Duration) {
        let bucket = (now.as_millis() / BUCKET.as_millis()) as u64;
        for _ in 0..bucket.saturating_sub(self.bucket).min(3) {
            self.buckets = [(0, 0), self.buckets[0], self.buckets[1]];
        }
        self.bucket = self.bucket.max(bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// C1: five failures in a row, and the very next request is kept away.
    #[test]
    fn five_failures_in_a_row_open_it_at_once() {
        let mut breaker = Breaker::default();
        assert_eq!((0..5).map(|_| breaker.failure(s(1))).collect::<Vec<_>>(), [false, false, false, false, true]);
        assert_eq!(breaker.closed_until(s(1), 0), Some(s(6)));
    }

    /// C5: one failure is no sample.
    #[test]
    fn one_failure_opens_nothing() {
        let mut breaker = Breaker::default();
        assert!(!breaker.failure(s(1)));
        assert_eq!(breaker.closed_until(s(1), 0), None);
        assert!(!breaker.degraded(s(1)));
    }

    /// C2: failures of requests that were under way change nothing.
    #[test]
    fn a_second_failure_never_shortens_a_cooldown() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| {
            breaker.failure(s(10));
        });
        let until = breaker.closed_until(s(10), 0);
        breaker.failure(s(11));
        assert!(breaker.closed_until(s(11), 0) >= until);
    }

    /// C6: one probe, then two, four, eight.
    #[test]
    fn recovery_opens_step_by_step() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| {
            breaker.failure(s(0));
        });
        for allowed in [1, 2, 4, 8] {
            assert_eq!(breaker.closed_until(s(6), allowed - 1), None);
            assert!(breaker.closed_until(s(6), allowed).is_some());
            breaker.success(s(6));
        }
        assert_eq!(breaker.closed_until(s(6), 1000), None);
    }

    /// C6
    #[test]
    fn a_relapse_cools_for_twice_as_long() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|_| {
            breaker.failure(s(0));
        });
        assert!(breaker.failure(s(6)));
        assert_eq!(breaker.closed_until(s(6), 0), Some(s(16)));
    }

    #[test]
    fn a_bad_rate_over_enough_samples_opens_it() {
        let mut breaker = Breaker::default();
        let opened = (0..40).any(|n| {
            if n % 3 == 0 {
                breaker.success(s(1));
                false
            } else {
                breaker.failure(s(1))
            }
        });
        assert!(opened);
    }

    #[test]
    fn an_outage_is_forgotten_after_thirty_seconds() {
        let mut breaker = Breaker::default();
        breaker.failure(s(1));
        breaker.failure(s(1));
        assert!(breaker.degraded(s(2)));
        assert!(!breaker.degraded(s(40)));
        assert!(breaker.is_idle());
    }
}
