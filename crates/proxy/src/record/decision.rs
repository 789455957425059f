//! What was decided of a request, kept where that may be told, and told with how it went.

use http::HeaderMap;
use outrigger_route::Plan;

use super::{Record, settle::Worth};
use crate::{
    decisions::{
        Decided,
        line::{Went, line},
    },
    error::Error,
    metrics::outcome::Outcome,
    state::Published,
};

/// A share is of so many.
const MILLION: u32 = 1_000_000;

impl Record {
    /// Somebody is to be asked.
    pub(crate) fn decided(&mut self, headers: &HeaderMap, published: &Published, plan: &Plan) {
        let Some(always) = self.asks_decision(headers) else { return };
        let (now, revision) = (self.books.clock.now(), &published.snapshot.revision);
        self.decided = Some(Box::new(Decided::plan(always, now, revision, plan)));
    }

    /// Nobody can be.
    pub(crate) fn refused(&mut self, headers: &HeaderMap, published: &Published, why: &Error) {
        if self.asks_decision(headers).is_none() {
            return;
        }
        let why = match why {
            Error::NoRoute(why) => Some(why),
            _ => None,
        };
        let (now, revision) = (self.books.clock.now(), &published.snapshot.revision);
        self.decided = Some(Box::new(Decided::nobody(now, revision, why)));
    }

    /// Whether it may be told, and whether it is however it ends. Where nothing is told, nothing is looked at.
    fn asks_decision(&self, headers: &HeaderMap) -> Option<bool> {
        self.books.decisions.as_ref()?.asks(headers, fastrand::u32(..MILLION))
    }

    /// Tells it, if it is to be told.
    pub(super) fn tell_decision(&self, worth: &Worth) {
        let (Some(decided), Some(decisions)) = (&self.decided, &self.books.decisions) else { return };
        let well = matches!(self.end.outcome, Outcome::Ok | Outcome::Cancelled) && self.attempts.len() <= 1;
        if !decided.is_told(!well) {
            return;
        }
        let went = Went {
            id: &self.id,
            opened: self.opened,
            operation: self.operation,
            route: self.route(),
            requested: &self.asked.requested,
            streamed: self.asked.streamed,
            outcome: self.end.outcome.as_str(),
            code: self.end.code,
            status: self.end.status,
            attempts: self.attempts.iter().map(|attempt| attempt.outline()).collect(),
            usage: self.heard.usage(),
            finish: self.heard.finished(),
            cost: worth.cost,
            took: worth.took,
            first_token: self.heard.first_token().map(|at| at.saturating_sub(self.started)),
        };
        let span = self.trail.as_ref().map(|trail| trail.span());
        decisions.tell(&line(decided, went), self.opened, !well, span);
    }
}
