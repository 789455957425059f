//! What is traced of a request: noted while it runs, told when it is settled.

use std::{sync::Arc, time::Duration};

use http::HeaderMap;
use outrigger_route::Target;

use super::{Record, settle::Worth};
use crate::{
    metrics::outcome::Outcome,
    trace::{
        told::{self, Ended},
        trail::{CallEnd, Trail},
    },
};

impl Record {
    /// It came with these headers. Where nothing traces, that is not looked at.
    pub(crate) fn trace(&mut self, headers: &HeaderMap) {
        self.trail = self.books.tracer.as_ref().map(|tracer| Trail::begin(tracer, headers));
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
    pub(super) fn tell_trail(&self, worth: &Worth, now: Duration) {
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
        trail.tell(|trail, notes| told::spans(trail, notes, &ended));
    }
}
