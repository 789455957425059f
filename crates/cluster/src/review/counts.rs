//! What became of reviews, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The API server knows the token, and it is a pod's.
    Good,
    /// It is not, or its own words were enough to refuse it.
    Refused,
    /// What was said of it before still counts.
    Remembered,
    /// The API server did not say.
    Unanswered,
    /// There was no place to wait.
    Busy,
}

/// All of them, as [`Counts`] has them.
pub const OUTCOMES: [Outcome; 5] =
    [Outcome::Good, Outcome::Refused, Outcome::Remembered, Outcome::Unanswered, Outcome::Busy];

/// What was counted since the start, and what there is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By outcome, in the order of [`OUTCOMES`].
    pub outcomes: [u64; 5],
    /// Tokens of which something is remembered.
    pub remembered: usize,
    /// Sidecars that wait for an answer.
    pub waiting: usize,
}

#[derive(Debug, Default)]
pub(super) struct Counters([AtomicU64; 5]);

impl Outcome {
    /// The word for metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Refused => "refused",
            Self::Remembered => "remembered",
            Self::Unanswered => "unanswered",
            Self::Busy => "busy",
        }
    }
}

impl Counters {
    pub(super) fn count(&self, outcome: Outcome) {
        for (counter, of) in self.0.iter().zip(OUTCOMES) {
            if of == outcome {
                counter.fetch_add(1, Relaxed);
            }
        }
    }

    pub(super) fn counts(&self, remembered: usize, waiting: usize) -> Counts {
        Counts { outcomes: std::array::from_fn(|at| self.0[at].load(Relaxed)), remembered, waiting }
    }
}
