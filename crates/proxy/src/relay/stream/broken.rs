//! What becomes of a stream that breaks: another target goes on with it, or it ends with an error event.

use outrigger_wire::{Failure, Kind, Peek, report::Passed, splice::Splice, sse};

use super::{Relay, State, translation::Passing};
use crate::{
    attempt::answered::{Answered, Committed},
    error, redact,
    resume::{self, Resumed},
};

impl Relay {
    /// Ends the stream with an error event in the caller's dialect and an abnormal end.
    pub(super) fn fail(&mut self, failure: &Failure) {
        if !matches!(self.state, State::Open) {
            return;
        }
        let mut failure = failure.clone();
        if let Some(served) = self.record.who_served() {
            redact::failure(&mut failure, &served.target.provider);
        }
        let failure = &failure;
        if let Passing::Translated(translation) = &mut self.passing {
            self.record.heard.lost(translation.take_lost());
        }
        self.record.broke(failure);
        self.in_flight = None;
        match self.resume.take_if(|_| resume::continues(failure.kind)) {
            Some(resume) => {
                let tried = self.record.attempts.iter().map(|attempt| attempt.target.id).collect();
                let asking = resume.go(tried, self.record.attempts.len());
                self.state = State::Resuming(Box::pin(asking), failure.clone());
            }
            None => self.give_up(failure),
        }
    }

    pub(super) fn give_up(&mut self, failure: &Failure) {
        if let Some(attempt) = self.record.attempts.last() {
            let stream = Passed { like: self.like.as_deref().unwrap_or_default(), events: self.passed };
            self.out.push_back(error::broken_event(
                self.record.operation(),
                failure,
                attempt,
                &self.record.id,
                self.record.numeric_codes,
                &stream,
            ));
        }
        self.state = State::Breaking(None, failure.kind);
    }

    /// Another target goes on, or none would.
    pub(super) fn go_on(&mut self, resumed: Resumed) {
        let State::Resuming(_, failure) = std::mem::replace(&mut self.state, State::Open) else { return };
        self.record.attempts.extend(resumed.attempts);
        match resumed.found.map(|(committed, served)| (*committed, served)) {
            Some((Committed { answered: Answered::Stream(stream), hide_usage, in_flight, .. }, served)) => {
                self.record.carry(served);
                self.passing = Passing::Same { hide_usage };
                (self.in_flight, self.resume) = (in_flight, Some(resumed.resume));
                (self.resumed, self.saw_finish, self.saw_end, self.late) = (true, false, false, 0);
                self.clocks.event();
                self.upstream = *stream;
                self.pass_ready();
            }
            _ => self.give_up(&failure),
        }
    }

    /// Notes an event for a later continuation, and keeps away what a continuing target opens a second time.
    pub(super) fn fits(&mut self, frame: &sse::Frame, peek: &Peek) -> bool {
        let Some(resume) = &mut self.resume else { return true };
        let Some(data) = frame.data() else { return true };
        if self.resumed {
            match resume.partial.splice(peek, &data) {
                Splice::Pass => {}
                Splice::Drop => {
                    if let Some(usage) = &peek.usage {
                        self.record.book(usage.clone());
                    }
                    return false;
                }
                Splice::Unfit => {
                    self.resume = None;
                    self.fail(&Failure::local(
                        Kind::Truncated,
                        "the stream broke, and the next target did not go on from its text",
                    ));
                    return false;
                }
            }
        }
        resume.partial.observe(peek, &data);
        true
    }
}
