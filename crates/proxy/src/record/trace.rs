//! What is traced of a request: noted while it runs, told when it is settled.

use std::{sync::Arc, time::Duration};

use http::HeaderMap;
use outrigger_route::Target;
use outrigger_wire::{Operation, sse::Frame};

use super::{Record, settle::Worth};
use crate::{
    metrics::outcome::Outcome,
    trace::{
        said::Said,
        told::{self, Ended},
        trail::{CallEnd, Trail},
    },
};

impl Record {
    /// It came with these headers. Where nothing traces, that is not looked at.
    pub(crate) fn trace(&mut self, headers: &HeaderMap) {
        self.trail = self.books.tracer.as_ref().map(|tracer| Trail::begin(tracer, headers));
    }

    /// `body` is what it asks, as an `operation`. Where its route does not want that told, it is not looked at.
    pub(crate) fn asks(&mut self, operation: Operation, body: &[u8]) {
        let wanted = self.routed.as_ref().is_some_and(|routed| routed.route.traces_content);
        if let Some(surely) = self.trail.as_ref().filter(|_| wanted).and_then(|trail| trail.is_surely_told()) {
            self.said = Some(Said::begin(operation, body, surely));
        }
    }

    /// `body` is what it is answered.
    pub(crate) fn answers(&mut self, body: &[u8]) {
        if let Some(said) = &mut self.said {
            said.whole(self.operation, body);
        }
    }

    /// `frame` is a part of what it is answered, in the dialect of `spoken`.
    pub(crate) fn answers_in_part(&mut self, spoken: Operation, frame: &Frame) {
        if let Some(said) = &mut self.said {
            said.event(spoken, frame);
        }
    }

    /// What is noted of it.
    pub(crate) fn trail(&self) -> Option<&Arc<Trail>> {
        self.trail.as_ref()
    }

    /// The call whose answer is relayed has ended at `now`; `code` says how.
    pub(super) fn answer_ended(&self, target: &Arc<Target>, code: &'static str, now: Duration) {
        let Some(trail) = &self.trail else { return };
        let last = self.attempts.iter().rev().find(|attempt| attempt.target.id == target.id);
        trail.ended(target, CallEnd { at: now, status: last.and_then(|attempt| attempt.status), code });
    }

    /// Tells it, if it is to be told.
    pub(super) fn tell_trail(&mut self, worth: &Worth, now: Duration) {
        let said = self.said.take();
        let Some(trail) = &self.trail else { return };
        if let Some(served) = &self.served {
            self.answer_ended(&served.target, self.end.code, now);
        }
        let calls = trail.calls();
        let badly = match self.end.outcome {
            Outcome::Broken => true,
            Outcome::Error => calls > 0,
            Outcome::Ok | Outcome::Cancelled => calls.max(self.attempts.len()) > 1,
        };
        if !trail.is_told(badly) {
            return;
        }
        let ended = Ended {
            id: &self.id,
            operation: self.operation,
            route: self.route(),
            requested: &self.asked.requested,
            streamed: self.asked.streamed,
            served: self.served.as_ref().map(|served| &*served.target),
            outcome: self.end.outcome,
            code: self.end.code,
            status: self.end.status,
            usage: self.heard.usage(),
            finish: self.heard.finished(),
            cost: worth.cost,
            attempts: self.attempts.len(),
            opened: self.opened,
            started: self.started,
            first_token: self.heard.first_token(),
            now,
        };
        let said = said.map(|said| said.attributes()).unwrap_or_default();
        trail.tell(|trail, notes| {
            let mut spans = told::spans(trail, notes, &ended);
            spans[0].attributes.extend(said);
            spans
        });
    }
}
