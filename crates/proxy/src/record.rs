//! The one record of a request: opened when its head is read, settled when it is dropped, so that a cancelled request
//! is counted too (X2).
//!
//! Each part has one writer: the listener opens it, `serve` says what was asked and who serves, `attempt` adds its calls, `relay`
//! says what it heard of the answer. What it is worth is worked out here, and nowhere else.

pub(crate) mod asked;
pub(crate) mod attempts;
mod decision;
pub(crate) mod generation;
pub(crate) mod heard;
pub(crate) mod id;
mod line;
pub(crate) mod price;
pub(crate) mod served;
mod settle;
mod trace;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use asked::{Asked, Routed};
use attempts::Attempts;
use heard::Heard;
use id::Id;
use outrigger_wire::{Failure, Kind, Operation, Usage, hub::Losses};
use price::Price;
use served::Served;

use crate::{
    books::Books,
    decisions::Decided,
    ledger::{note::End as CallEnd, sheet::Sheet},
    memory::Share,
    metrics::outcome::Outcome,
    trace::{said::Said, trail::Trail},
    watch::Watch,
};

/// What is known of a request so far.
#[derive(Debug)]
pub(crate) struct Record {
    books: Arc<Books>,
    pub(crate) id: Id,
    opened: SystemTime,
    started: Duration,
    operation: Operation,
    /// Of its caller's connection.
    watch: Arc<Watch>,
    /// The caller came by OpenRouter's base URL, whose error codes are numbers.
    pub(crate) numeric_codes: bool,
    asked: Asked,
    /// `None`: it got no further.
    routed: Option<Routed>,
    /// Written by `attempt`, which is given nothing else of it.
    pub(crate) attempts: Attempts,
    served: Option<Served>,
    /// What the target could not be told of the request.
    losses: Losses,
    /// Written by `relay`.
    pub(crate) heard: Heard,
    /// What the broken part of a continued answer cost, in nano-dollars.
    carried: u64,
    /// What the answer holds of the budget until it is in the caller's hands.
    holds: Option<Box<Share>>,
    /// What the ledger will be told; `None`: there is none.
    sheet: Option<Arc<Sheet>>,
    /// What was decided, where that may be told; `None`: it is not.
    decided: Option<Box<Decided>>,
    /// What is traced; `None`: nothing is.
    trail: Option<Arc<Trail>>,
    /// What was asked and answered, where that is traced; `None`: it is not.
    said: Option<Box<Said>>,
    end: End,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
struct End {
    outcome: Outcome,
    code: &'static str,
    status: u16,
}

impl End {
    /// Whoever drops a record without a word was interrupted.
    const UNSAID: Self = Self { outcome: Outcome::Cancelled, code: Kind::Cancelled.code(), status: 499 };
}

impl Record {
    /// Boxed at once: it goes from hand to hand until the answer has left.
    pub(crate) fn open(books: &Arc<Books>, operation: Operation, watch: &Arc<Watch>, numeric_codes: bool) -> Box<Self> {
        books.requests.begin();
        let opened = SystemTime::now();
        let id = Id::new(opened);
        Box::new(Self {
            books: books.clone(),
            id,
            opened,
            started: books.clock.now(),
            operation,
            watch: watch.clone(),
            numeric_codes,
            asked: Asked::default(),
            routed: None,
            attempts: Attempts::new(),
            served: None,
            losses: Losses::default(),
            heard: Heard::default(),
            carried: 0,
            holds: None,
            sheet: books.ledger.as_ref().map(|ledger| Sheet::open(ledger, id, opened)),
            decided: None,
            trail: None,
            said: None,
            end: End::UNSAID,
        })
    }

    /// It was read.
    pub(crate) fn asked(&mut self, asked: Asked) {
        self.asked = asked;
    }

    /// It was decided.
    pub(crate) fn routed(&mut self, routed: Routed) {
        self.routed = Some(routed);
    }

    /// Somebody answers, who could not be told all of it.
    pub(crate) fn served(&mut self, served: Option<Served>, losses: Losses) {
        (self.served, self.losses) = (served, losses);
    }

    /// The caller got its whole answer.
    pub(crate) fn succeeded(&mut self, status: u16) {
        self.end = End { outcome: Outcome::Ok, code: "ok", status };
    }

    /// The caller gets an error instead of an answer.
    pub(crate) fn failed(&mut self, code: &'static str, status: u16) {
        self.end = End { outcome: Outcome::Error, code, status };
    }

    /// The answer broke after its first content.
    pub(crate) fn broke(&mut self, failure: &Failure) {
        let kind = failure.kind;
        self.end = End { outcome: Outcome::Broken, code: kind.code(), status: 200 };
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.broke(failure);
        }
        if let Some(served) = &self.served {
            let failure = Failure::local(kind, "");
            let cooled = served.health().failure(&failure, served.key, self.books.clock.now());
            self.books.metrics.attempt_failed(&served.counters, kind, cooled);
            self.answer_ended(&served.target, kind.code(), self.books.clock.now());
        }
    }

    /// `next` goes on with the answer: what its predecessor used is booked, by estimate, where it was used (U4, U5).
    pub(crate) fn carry(&mut self, next: Served) {
        self.complete_usage();
        let part = self.price();
        let tokens = self.tokens();
        if let Some(served) = self.served.replace(next) {
            served.health().spent(self.books.clock.now(), tokens);
            self.books.metrics.usage(&served.counters, self.heard.usage(), part.as_ref());
            self.call_ended(&served, part);
            if let Some(trail) = &self.trail {
                trail.moved(&served.target, self.end.code, self.books.clock.now(), true);
            }
        }
        self.carried = self.carried.saturating_add(part.map_or(0, |part| part.cost));
        self.heard.begin_again();
        self.end = End::UNSAID;
    }

    /// What the ledger is told of the call whose answer was relayed.
    fn call_ended(&self, served: &Served, price: Option<Price>) {
        let Some((sheet, call)) = self.sheet.as_ref().zip(served.call) else { return };
        let last = self.attempts.iter().rev().find(|attempt| attempt.target.id == served.target.id);
        let broken = self.end.outcome == Outcome::Broken;
        sheet.call_ended(
            call,
            CallEnd {
                took: self.books.clock.now().saturating_sub(served.sent),
                status: last.and_then(|attempt| attempt.status).unwrap_or_default(),
                code: self.end.code,
                blamed: broken && last.is_some_and(|attempt| attempt.blamed()),
                usage: Some(self.heard.usage().clone()),
                price,
            },
        );
    }

    /// What the ledger will be told of it.
    pub(crate) fn sheet(&self) -> Option<&Arc<Sheet>> {
        self.sheet.as_ref()
    }

    /// What the answer holds of the memory until it has left.
    pub(crate) fn holds(&mut self, share: Option<Box<Share>>) {
        self.holds = share;
    }

    /// Books what the upstream says that the answer used. Counts of a stream are cumulative.
    pub(crate) fn book(&mut self, usage: Usage) {
        let usage = self.as_counted(usage);
        self.heard.used(usage);
    }

    /// The same of usage in or behind an error.
    pub(crate) fn book_last(&mut self, usage: Usage) {
        let usage = self.as_counted(usage);
        self.heard.used_at_last(usage);
    }

    fn as_counted(&self, usage: Usage) -> Usage {
        match &self.served {
            Some(served) => usage.as_counted_by(&served.target.provider.slug),
            None => usage,
        }
    }

    /// What the answer of who answers costs.
    pub(crate) fn price(&self) -> Option<Price> {
        let served = self.served.as_ref()?;
        Price::of(&served.target, &served.published.snapshot, self.heard.usage())
    }

    /// What the answer, of which `price` is known, costs in nano-dollars with all that was paid for it elsewhere. What nobody
    /// answered costs what its attempts did.
    pub(crate) fn total(&self, price: Option<&Price>) -> Option<u64> {
        // Broken parts of the answer, and failed attempts that did bill.
        let failed = self.attempts.iter().filter_map(|attempt| attempt.cost);
        match self.served {
            Some(_) => Some(failed.fold(self.carried, u64::saturating_add).saturating_add(price?.cost)),
            None => failed.reduce(u64::saturating_add).map(|failed| failed.saturating_add(self.carried)),
        }
    }

    fn tokens(&self) -> u64 {
        self.heard.tokens(self.asked.prompt_bytes)
    }

    /// An interrupted answer is booked by what was seen of it.
    fn complete_usage(&mut self) {
        if self.served.is_some() && matches!(self.end.outcome, Outcome::Cancelled | Outcome::Broken) {
            self.heard.estimate(self.asked.prompt_bytes);
        }
    }

    /// The drain's time is up (R-DRAIN-3).
    pub(crate) fn is_cut(&self) -> bool {
        self.books.departure.is_cut()
    }

    /// Callers are told what their answer cost.
    pub(crate) fn tells_cost(&self) -> bool {
        self.books.tells_cost
    }

    /// Time by the sidecar's clock.
    pub(crate) fn now(&self) -> Duration {
        self.books.clock.now()
    }

    pub(crate) fn started(&self) -> Duration {
        self.started
    }

    pub(crate) fn operation(&self) -> Operation {
        self.operation
    }

    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// The first name that was asked for.
    pub(crate) fn requested(&self) -> &str {
        &self.asked.requested
    }

    #[cfg(feature = "measured")]
    pub(crate) fn streamed(&self) -> bool {
        self.asked.streamed
    }

    /// Whose answer it is.
    pub(crate) fn who_served(&self) -> Option<&Served> {
        self.served.as_ref()
    }

    /// What could not be said.
    pub(crate) fn losses(&self) -> &Losses {
        &self.losses
    }

    /// The name of the route; empty where the request got no further.
    pub(crate) fn route(&self) -> &str {
        self.routed.as_ref().map_or("", |routed| &routed.route.name)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.watch.end();
        self.settle();
    }
}
