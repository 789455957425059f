//! Whether a batch is sent once more: a few times, and not for long. Pure but for its clock.

use std::time::{Duration, Instant};

use crate::call::Failed;

/// Most tries of one batch, and how long they may take together: what comes meanwhile has so long to fit.
const TRIES: u32 = 5;
const TIME: Duration = Duration::from_secs(30);
/// The first wait is below this, each later one below twice the one before; full jitter.
const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(8);
/// At the end there is no time for long waits.
const HURRY: Duration = Duration::from_millis(100);

/// Of one batch.
#[derive(Debug)]
pub(crate) struct Retry {
    tries: u32,
    began: Instant,
}

impl Default for Retry {
    fn default() -> Self {
        Self { tries: 0, began: Instant::now() }
    }
}

impl Retry {
    /// Another batch.
    pub(crate) fn begin(&mut self) {
        *self = Self::default();
    }

    /// How long to wait before the next try of a batch that `failed`; `None`: it is given up. `draw` is in 0..1.
    pub(crate) fn next(&mut self, failed: &Failed, leaves: bool, draw: f64) -> Option<Duration> {
        self.tries += 1;
        if !failed.again || self.tries >= TRIES || self.began.elapsed() >= TIME {
            return None;
        }
        let most = (FIRST * 2_u32.pow(self.tries - 1)).min(LAST);
        let wait = failed.wait.unwrap_or(most.mul_f64(draw)).max(Duration::from_millis(50));
        match leaves {
            true => Some(wait.min(HURRY)),
            // One that asks for more than there is gets nothing.
            false => (wait <= TIME).then_some(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_a_few_tries() {
        let mut retry = Retry::default();
        let mut wait = |failed: &Failed, leaves| retry.next(failed, leaves, 1.0).map(|wait| wait.as_millis());
        let down = Failed::again("down");
        assert_eq!([(); 5].map(|()| wait(&down, false)), [Some(1_000), Some(2_000), Some(4_000), Some(8_000), None]);
        retry.begin();
        assert_eq!(retry.next(&down, true, 1.0), Some(HURRY));
        assert_eq!(retry.next(&Failed::never("bad".to_owned()), false, 1.0), None);
    }

    /// A collector that says when it wants to be asked again is asked then.
    #[test]
    fn a_collector_may_say_how_long() {
        let mut retry = Retry::default();
        let slow = |seconds| Failed { wait: Some(Duration::from_secs(seconds)), ..Failed::again("slow") };
        assert_eq!(retry.next(&slow(3), false, 0.0), Some(Duration::from_secs(3)));
        assert_eq!(retry.next(&slow(300), false, 0.0), None);
    }
}
