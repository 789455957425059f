//! The end of a record: what it is worth, and who is told.

use std::time::Duration;

use outrigger_route::sticky::Tie;
use outrigger_wire::Kind;

use super::{Record, generation::Generation, price::Price, served::Served};
use crate::{
    ledger::ended::Ended,
    lock::lock,
    metrics::{genai::Operated, outcome::Outcome},
    signals::Took,
};

/// What a request took and cost.
pub(super) struct Worth {
    pub(super) took: Duration,
    /// With all that was paid elsewhere, in nano-dollars.
    pub(super) cost: Option<u64>,
    /// Of the answer alone.
    pub(super) price: Option<Price>,
}

impl Record {
    /// Once, when it is dropped.
    pub(super) fn settle(&mut self) {
        let now = self.books.clock.now();
        self.complete_usage();
        let price = self.price();
        let worth = Worth { took: now.saturating_sub(self.started), cost: self.total(price.as_ref()), price };
        if let Some(served) = &self.served {
            self.count_used(served, &worth, now);
            match self.end.outcome {
                Outcome::Ok => self.count_well(served, now),
                // Nobody's failure: counted, and nothing cools (X2).
                Outcome::Cancelled => {
                    self.books.metrics.attempt_failed(&served.counters, Kind::Cancelled, false);
                }
                Outcome::Error | Outcome::Broken => {}
            }
        }
        let counters = self.routed.as_ref().map(|routed| &*routed.counters);
        self.books.metrics.request(self.operation, counters, self.end.outcome, self.end.code, worth.took);
        self.books.metrics.operated(|| self.operated(&worth));
        self.log(&worth);
        self.tell_ledger(&worth);
        self.tell_trail(&worth, now);
        self.tell_decision(&worth);
        self.keep(worth);
        self.books.requests.end();
    }

    /// As OpenTelemetry counts it: nothing, where nobody was asked.
    fn operated(&self, worth: &Worth) -> Option<Operated<'_>> {
        let served = self.served.as_ref().map(|served| &*served.target);
        let target = served.or_else(|| self.attempts.last().map(|attempt| &*attempt.target))?;
        let route = self.routed.as_ref().map(|routed| &routed.route).filter(|route| !route.targets.is_empty());
        let first = self.heard.first_token().filter(|_| self.asked.streamed);
        Some(Operated {
            operation: self.operation,
            target,
            answered: served.is_some(),
            requested: route.map_or(&target.model, |route| &route.name),
            error: (self.end.outcome != Outcome::Ok).then_some(self.end.code),
            usage: self.heard.usage(),
            took: worth.took,
            first_chunk: first.map(|at| at.saturating_sub(self.started)),
        })
    }

    /// Tells the ledger, where there is one.
    fn tell_ledger(&self, worth: &Worth) {
        let Some(sheet) = &self.sheet else { return };
        if let Some(served) = &self.served {
            self.call_ended(served, worth.price);
        }
        sheet.ended(&Ended {
            route: self.route(),
            operation: self.operation.as_str(),
            requested: &self.asked.requested,
            served: self.served.as_ref().and_then(|served| served.call),
            outcome: self.end.outcome,
            code: self.end.code,
            status: self.end.status,
            streamed: self.asked.streamed,
            finish: self.heard.finished().unwrap_or_default(),
            started: self.started,
            took: worth.took,
            first_token: self.heard.first_token().map(|at| at.saturating_sub(self.started)),
        });
    }

    /// What the answer used, however it ended.
    fn count_used(&self, served: &Served, worth: &Worth, now: Duration) {
        let metrics = &self.books.metrics;
        served.health().spent(now, self.tokens());
        metrics.usage(&served.counters, self.heard.usage(), worth.price.as_ref());
        if !self.losses.is_empty() || !self.heard.all_lost().is_empty() {
            let dialect = served.asked(self.operation).dialect();
            self.losses.iter().for_each(|loss| metrics.dropped(dialect, loss.label()));
            self.heard.all_lost().iter().for_each(|part| metrics.dropped(dialect, part));
        }
        if self.heard.unreadable() > 0 {
            metrics.malformed(&served.counters, self.heard.unreadable());
        }
    }

    /// It was answered well: what that took speaks for the target, and the conversation stays with it.
    fn count_well(&self, served: &Served, now: Duration) {
        let took = now.saturating_sub(served.sent);
        let first = self.heard.first_token().map(|at| at.saturating_sub(served.sent));
        let usage = self.heard.usage();
        let speed = usage.output.filter(|tokens| *tokens > 0).and_then(|tokens| {
            let seconds = took.as_secs_f64();
            (seconds > 0.0).then(|| tokens as f64 / seconds)
        });
        let streamed = self.asked.streamed;
        let latency = if streamed { first } else { Some(took) };
        served.health().success(now, Took { streamed, latency, tokens_per_second: speed });
        self.books.metrics.attempt_ok(&served.counters, took, first, self.heard.gap());
        let sticks = self.routed.as_ref().is_some_and(|routed| routed.route.stickiness.enabled);
        if let Some(conversation) = self.asked.conversation.filter(|_| sticks) {
            let cached = [usage.cache_read, usage.cache_write_5m, usage.cache_write_1h];
            let warm = cached.into_iter().flatten().any(|tokens| tokens > 0);
            lock(&self.books.sticky).tie(conversation, Tie { target: served.target.id, warm }, now);
        }
    }

    /// Leaves what `/generation` is asked for.
    fn keep(&mut self, Worth { took, cost, price }: Worth) {
        let generation = Generation {
            id: self.id,
            operation: self.operation,
            route: self.routed.take().map(|routed| routed.route),
            requested: std::mem::take(&mut self.asked.requested),
            streamed: self.asked.streamed,
            served: self.served.as_ref().map(|served| served.target.clone()),
            attempts: std::mem::take(&mut self.attempts),
            usage: self.heard.take_usage(),
            finish: self.heard.take_finish(),
            losses: std::mem::take(&mut self.losses),
            outcome: self.end.outcome,
            code: self.end.code,
            began: self.opened,
            took,
            first_token: self.heard.first_token().map(|at| at.saturating_sub(self.started)),
            nano_usd: cost,
            price,
        };
        self.books.generations.push(generation);
    }
}
