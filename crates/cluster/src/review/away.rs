//! Whether the API server is worth asking. Pure.
//!
//! One that hangs takes five seconds of everybody who asks it: while it does not answer, one at a time finds out whether it
//! does again, and the others are told at once what is known without it.

use std::time::{Duration, Instant};

/// How often somebody finds out.
const LOOK: Duration = Duration::from_secs(1);

/// How it stands.
#[derive(Debug, Default)]
pub(super) struct Away {
    /// When it may be asked next; `None` while it answers.
    next: Option<Instant>,
    /// Somebody is finding out.
    looking: bool,
}

impl Away {
    /// Whether somebody may ask it now. Who may must say how it went, and that it is [`Away::done`].
    pub(super) fn may_ask(&mut self, now: Instant) -> bool {
        match self.next {
            None => true,
            Some(next) if now >= next && !self.looking => {
                self.looking = true;
                true
            }
            Some(_) => false,
        }
    }

    /// It has answered; whether that is news.
    pub(super) fn answered(&mut self) -> bool {
        self.next.take().is_some()
    }

    /// It has not; whether that is news.
    pub(super) fn unanswered(&mut self, now: Instant) -> bool {
        self.next.replace(now + LOOK).is_none()
    }

    /// Whoever asked asks no more, answered or not.
    pub(super) fn done(&mut self) {
        self.looking = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_finds_out_whether_it_is_back() {
        let (mut away, now) = (Away::default(), Instant::now());
        assert!(away.may_ask(now) && away.may_ask(now) && !away.answered());
        assert!(away.unanswered(now), "news");
        away.done();
        assert!(!away.unanswered(now), "the other who had asked");
        away.done();
        assert!(!away.may_ask(now + LOOK / 2));
        assert!(away.may_ask(now + LOOK) && !away.may_ask(now + 9 * LOOK));
        // Who was finding out has gone away without a word.
        away.done();
        assert!(away.may_ask(now + 9 * LOOK));
        assert!(!away.unanswered(now + 9 * LOOK));
        away.done();
        assert!(!away.may_ask(now + 9 * LOOK) && away.may_ask(now + 10 * LOOK));
        assert!(away.answered() && !away.answered());
        away.done();
        assert!(away.may_ask(now + 10 * LOOK) && away.may_ask(now + 10 * LOOK));
    }
}
