//! The times that a stream has: until the next event, and until its end.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use outrigger_route::snapshot::Timeouts;
use outrigger_wire::{Failure, Kind};
use tokio::time::{Instant, Sleep};

/// Looks at both.
pub(super) struct Clocks {
    idle: Duration,
    /// Wakes us to look for silence; reset lazily, since most events come long before it fires.
    silence: Pin<Box<Sleep>>,
    last_event: Instant,
    /// It is the upstream that is waited for, not the caller.
    waiting: bool,
    deadline: Pin<Box<Sleep>>,
}

impl Clocks {
    /// `left`: of the request's whole time.
    pub(super) fn start(timeouts: Timeouts, left: Duration) -> Self {
        Self {
            idle: timeouts.idle,
            silence: Box::pin(tokio::time::sleep(timeouts.idle)),
            last_event: Instant::now(),
            waiting: true,
            deadline: Box::pin(tokio::time::sleep(left)),
        }
    }

    /// A sign of life of the model.
    pub(super) fn event(&mut self) {
        self.last_event = Instant::now();
    }

    /// Whether it is the upstream that is waited for.
    pub(super) fn waits(&mut self, for_upstream: bool) {
        self.waiting = for_upstream;
    }

    /// Ready when a time is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        while self.silence.as_mut().poll(cx).is_ready() {
            // The time since the last event was the caller's, who did not ask for more: nobody's silence (H8).
            if !self.waiting {
                self.last_event = Instant::now();
            }
            let due = self.last_event + self.idle;
            if Instant::now() >= due {
                return Poll::Ready(Failure::local(Kind::IdleTimeout, format!("no event within {:?}", self.idle)));
            }
            self.silence.as_mut().reset(due);
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Failure::local(Kind::TotalTimeout, "the request's total time limit ran out"));
        }
        Poll::Pending
    }
}
