//! When a sidecar that has nothing to tell says that it is still there. Pure.

use std::time::{Duration, Instant};

/// What is silent for a day and two hours, the ledger gives up.
const QUIET: Duration = Duration::from_secs(3600);

/// When the ledger was last told anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet(Instant);

impl Quiet {
    pub(super) fn new(now: Instant) -> Self {
        Self(now)
    }

    /// It was told something, and took it.
    pub(super) fn heard(&mut self, now: Instant) {
        self.0 = now;
    }

    /// It is time for a word.
    pub(super) fn is_due(self, now: Instant) -> bool {
        now.saturating_duration_since(self.0) >= QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_due_an_hour_behind_the_last() {
        let start = Instant::now();
        let mut quiet = Quiet::new(start);
        let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
        assert_eq!([0, 59, 60, 90].map(|minutes| quiet.is_due(at(minutes))), [false, false, true, true]);
        quiet.heard(at(61));
        assert_eq!([61, 120, 121].map(|minutes| quiet.is_due(at(minutes))), [false, false, true]);
    }
}
