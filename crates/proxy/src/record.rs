//! The one record of a request: opened when its head is read, settled when it is dropped, so that a cancelled request
//! is counted too (X2).

mod generation;
mod id;
mod price;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use generation::Generation;
pub(crate) use generation::Generations;
pub(crate) use id::Id;
use outrigger_catalog::NanoUsd;
use outrigger_route::{Target, snapshot::Route, sticky::Tie};
use outrigger_wire::{Kind, Operation, Usage, hub::Losses, usage::estimate_tokens};
pub(crate) use price::{Price, price_row};
use serde_json::{Value, json};
use smallvec::SmallVec;

use crate::{
    App,
    budget::{Budget, Share},
    metrics::{Outcome, RouteCounters, TargetCounters},
    signals::{Took, lock},
    state::Published,
    watch::Watch,
};

/// The upstream calls of one request. Most have one, which needs no room of its own.
pub(crate) type Attempts = SmallVec<[Attempt; 1]>;

/// One upstream call.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) target: Arc<Target>,
    /// Place of the key used among the provider's.
    pub(crate) key: Option<usize>,
    pub(crate) status: Option<u16>,
    /// `None` = it answered.
    pub(crate) failure: Option<Kind>,
    pub(crate) message: Box<str>,
    /// What it cost although it failed, in nano-dollars (U5).
    pub(crate) cost: Option<u64>,
    pub(crate) took: Duration,
}

impl Attempt {
    /// The shape of `openrouter_metadata.attempts` and of error bodies.
    pub(crate) fn to_json(&self) -> Value {
        let credential = self.key.and_then(|at| self.target.provider.credentials.get(at));
        json!({
            "provider": self.target.provider.name,
            "model": self.target.model,
            "credential": credential.map(|credential| &credential.name),
            "status": self.status,
            "code": self.failure.map_or("ok", Kind::code),
            "message": self.message,
            "latency_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: ", self.target.model, self.target.provider.name)?;
        if let Some(status) = self.status {
            write!(f, "{status} ")?
        }
        f.write_str(self.failure.map_or("ok", Kind::code))
    }
}

/// What is known of a request so far.
#[derive(Debug)]
pub(crate) struct Record {
    app: Arc<App>,
    pub(crate) id: Id,
    opened: SystemTime,
    operation: Operation,
    started: Duration,
    pub(crate) route: Option<Arc<Route>>,
    /// Where its end is counted.
    pub(crate) counters: Option<Arc<RouteCounters>>,
    pub(crate) requested: Box<str>,
    pub(crate) streamed: bool,
    /// The caller came by OpenRouter's base URL, whose error codes are numbers.
    pub(crate) numeric_codes: bool,
    pub(crate) attempts: Attempts,
    /// Who answered, under which policy.
    pub(crate) served: Option<Served>,
    pub(crate) usage: Usage,
    pub(crate) finish: Option<Box<str>>,
    pub(crate) text_bytes: u64,
    pub(crate) prompt_bytes: u64,
    pub(crate) events: u64,
    pub(crate) malformed: u64,
    pub(crate) first_token: Option<Duration>,
    pub(crate) last_token: Option<Duration>,
    pub(crate) conversation: Option<u64>,
    pub(crate) sticky_on_success: bool,
    /// What the target could not be told of the request.
    pub(crate) losses: Losses,
    /// What the caller could not be told of the answer.
    pub(crate) lost: Vec<&'static str>,
    /// Of its caller's connection.
    pub(crate) watch: Option<Arc<Watch>>,
    /// What the answer holds of the budget until it is in the caller's hands.
    pub(crate) holds: Option<Box<Share>>,
    outcome: Outcome,
    code: &'static str,
    status: u16,
    /// What the broken part of a continued answer cost, in nano-dollars.
    carried: u64,
    /// The upstream has said what it used although the answer broke.
    last_word: bool,
    settled: bool,
}

/// The target that answered.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) target: Arc<Target>,
    pub(crate) published: Arc<Published>,
    pub(crate) counters: Arc<TargetCounters>,
    /// When its upstream request was sent.
    pub(crate) sent: Duration,
    pub(crate) key: Option<usize>,
}

impl Record {
    /// The budget for answers, and how long one may wait for it.
    pub(crate) fn answers(&self) -> (&Budget, Duration) {
        (&self.app.answers, self.app.config.queue_timeout)
    }

    /// Boxed at once: it goes from hand to hand until the answer has left.
    pub(crate) fn open(app: &Arc<App>, operation: Operation) -> Box<Self> {
        app.requests.begin();
        let opened = SystemTime::now();
        Box::new(Self {
            app: app.clone(),
            id: Id::new(opened),
            opened,
            operation,
            started: app.now(),
            route: None,
            counters: None,
            requested: "".into(),
            streamed: false,
            numeric_codes: false,
            attempts: Attempts::new(),
            served: None,
            usage: Usage::default(),
            finish: None,
            text_bytes: 0,
            prompt_bytes: 0,
            events: 0,
            malformed: 0,
            first_token: None,
            last_token: None,
            conversation: None,
            sticky_on_success: false,
            losses: Losses::default(),
            lost: Vec::new(),
            watch: None,
            holds: None,
            // Whoever drops a record without a word was interrupted.
            outcome: Outcome::Cancelled,
            code: Kind::Cancelled.code(),
            status: 499,
            carried: 0,
            last_word: false,
            settled: false,
        })
    }

    /// The name of the route; empty where the request got no further.
    pub(crate) fn route(&self) -> &str {
        self.route.as_deref().map_or("", |route| &route.name)
    }

    /// The drain's time is up (R-DRAIN-3).
    pub(crate) fn is_cut(&self) -> bool {
        self.app.departure.is_cut()
    }

    pub(crate) fn started(&self) -> Duration {
        self.started
    }

    pub(crate) fn operation(&self) -> Operation {
        self.operation
    }

    /// The caller got its whole answer.
    pub(crate) fn succeeded(&mut self, status: u16) {
        self.end(Outcome::Ok, "ok", status);
    }

    /// The caller got an error instead of an answer.
    pub(crate) fn failed(&mut self, code: &'static str, status: u16) {
        self.end(Outcome::Error, code, status);
    }

    /// The answer broke after its first content.
    pub(crate) fn broke(&mut self, kind: Kind) {
        self.end(Outcome::Broken, kind.code(), 200);
        if let Some(served) = &self.served {
            let failure = outrigger_wire::Failure::local(kind, "");
            let slot = served.target.slot as usize;
            let cooled = served.published.health[slot].failure(&failure, served.key, self.app.now());
            self.app.metrics.attempt_failed(&served.counters, kind, cooled);
        }
    }

    fn end(&mut self, outcome: Outcome, code: &'static str, status: u16) {
        (self.outcome, self.code, self.status) = (outcome, code, status);
    }

    /// Books what the upstream says that the answer used. Counts of a stream are cumulative.
    pub(crate) fn book(&mut self, usage: Usage) {
        let usage = match &self.served {
            Some(served) => usage.as_counted_by(&served.target.provider.slug),
            None => usage,
        };
        self.usage.merge(usage);
    }

    /// The same of usage in or behind an error: the last that is said, and no estimate is to take its place (U12).
    pub(crate) fn book_last(&mut self, usage: Usage) {
        self.last_word |= usage.output.is_some();
        self.book(usage);
    }

    /// What the answer, of which `price` is known, costs in nano-dollars with all that was paid for it elsewhere. What nobody
    /// answered costs what its attempts did.
    pub(crate) fn total(&self, price: Option<&Price>) -> Option<u64> {
        let elsewhere = self.elsewhere();
        match self.served {
            Some(_) => Some(price?.cost.saturating_add(elsewhere)),
            None => self.attempts.iter().any(|attempt| attempt.cost.is_some()).then_some(elsewhere),
        }
    }

    /// What the answer of who answers costs.
    pub(crate) fn price(&self) -> Option<Price> {
        let served = self.served.as_ref()?;
        Price::of(&served.target, &served.published, &self.usage)
    }

    /// What was paid to others than who answers: broken parts of the answer, failed attempts that did bill.
    fn elsewhere(&self) -> u64 {
        let attempts = self.attempts.iter().filter_map(|attempt| attempt.cost);
        attempts.fold(self.carried, u64::saturating_add)
    }

    /// Tokens for the operator's limit: as reported, else as estimated, so that missing usage dodges nothing (Z10).
    fn tokens(&self) -> u64 {
        let input = self.usage.input.unwrap_or_else(|| estimate_tokens(self.prompt_bytes));
        input.saturating_add(self.usage.output.unwrap_or_else(|| estimate_tokens(self.text_bytes)))
    }

    /// `next` goes on with the answer: what its predecessor used is booked, by estimate, where it was used (U4, U5).
    pub(crate) fn carry(&mut self, next: Served) {
        self.complete_usage();
        let part = self.price();
        let tokens = self.tokens();
        if let Some(served) = self.served.replace(next) {
            served.published.health[served.target.slot as usize].spent(self.app.now(), tokens);
            self.app.metrics.usage(&served.counters, &self.usage, part.as_ref());
        }
        self.carried = self.carried.saturating_add(part.map_or(0, |part| part.cost));
        self.usage = Usage::default();
        self.last_word = false;
        (self.text_bytes, self.events) = (0, 0);
        (self.first_token, self.last_token) = (None, None);
        self.end(Outcome::Cancelled, Kind::Cancelled.code(), 499);
    }

    fn settle(&mut self) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let now = self.app.now();
        let took = now.saturating_sub(self.started);
        self.complete_usage();
        let price = self.price();
        let cost = self.total(price.as_ref());
        if let Some(served) = &self.served {
            let (health, counters) = (&served.published.health[served.target.slot as usize], &served.counters);
            health.spent(now, self.tokens());
            self.app.metrics.usage(counters, &self.usage, price.as_ref());
            let dialect = served.target.provider.dialect;
            self.losses.iter().for_each(|loss| self.app.metrics.dropped(dialect, loss.label()));
            self.lost.iter().for_each(|what| self.app.metrics.dropped(dialect, what));
            if self.malformed > 0 {
                self.app.metrics.malformed(counters, self.malformed);
            }
            if self.outcome == Outcome::Cancelled {
                // Nobody's failure: counted, and nothing cools (X2).
                self.app.metrics.attempt_failed(counters, Kind::Cancelled, false);
            }
            if self.outcome == Outcome::Ok {
                let first = self.first_token.map(|at| at.saturating_sub(served.sent));
                let generating = self.last_token.zip(self.first_token).map(|(last, first)| last.saturating_sub(first));
                let speed = self.usage.output.filter(|tokens| *tokens > 0).and_then(|tokens| {
                    let seconds = now.saturating_sub(served.sent).as_secs_f64();
                    (seconds > 0.0).then(|| tokens as f64 / seconds)
                });
                let latency = if self.streamed { first } else { Some(now.saturating_sub(served.sent)) };
                health.success(now, Took { streamed: self.streamed, latency, tokens_per_second: speed });
                let gap = generating
                    .filter(|_| self.events > 1)
                    .map(|span| span / u32::try_from(self.events - 1).unwrap_or(u32::MAX));
                self.app.metrics.attempt_ok(counters, now.saturating_sub(served.sent), first, gap);
                if let Some(conversation) = self.conversation.filter(|_| self.sticky_on_success) {
                    let cached = [self.usage.cache_read, self.usage.cache_write_5m, self.usage.cache_write_1h];
                    let warm = cached.into_iter().flatten().any(|tokens| tokens > 0);
                    let tie = Tie { target: served.target.id, warm };
                    lock(&self.app.sticky).tie(conversation, tie, now);
                }
            }
        }
        self.app.metrics.request(self.operation, self.counters.as_deref(), self.outcome, self.code, took);
        self.log(took, cost, price.as_ref());
        let app = self.app.clone();
        app.generations.push(Generation::of(self, took, cost, price));
        app.requests.end();
    }

    /// An interrupted stream is recorded by what was seen of it, marked as an estimate (U4).
    fn complete_usage(&mut self) {
        let interrupted = matches!(self.outcome, Outcome::Cancelled | Outcome::Broken);
        let final_seen = (self.finish.is_some() || self.last_word) && self.usage.output.is_some();
        if self.served.is_some() && interrupted && !final_seen && self.text_bytes > 0 {
            let seen = estimate_tokens(self.text_bytes);
            self.usage.output = Some(self.usage.output.unwrap_or(0).max(seen));
            self.usage.input = self.usage.input.or(Some(estimate_tokens(self.prompt_bytes)));
            self.usage.estimated = true;
        }
    }

    fn log(&self, took: Duration, cost: Option<u64>, price: Option<&Price>) {
        let served = self.served.as_ref().map(|served| &served.target);
        let about = self.app.about.load();
        let about = about.as_deref();
        tracing::info!(
            id = &*self.id,
            operation = self.operation.as_str(),
            route = self.route(),
            workload_namespace = about.and_then(|about| about.namespace.as_deref()),
            workload = about.and_then(|about| about.owner.as_deref()),
            team = about.and_then(|about| about.team.as_deref()),
            outcome = self.outcome.as_str(),
            code = self.code,
            status = self.status,
            provider = served.map(|target| &*target.provider.name),
            model = served.map(|target| &*target.model),
            attempts = self.attempts.len(),
            streamed = self.streamed,
            duration_ms = rounded_ms(took),
            first_token_ms = self.first_token.map(|at| rounded_ms(at.saturating_sub(self.started))),
            input_tokens = self.usage.input,
            output_tokens = self.usage.output,
            cached_tokens = self.usage.cache_read,
            estimated = self.usage.estimated,
            cost_usd = cost.map(|cost| NanoUsd(cost).to_usd_string()),
            priced_by = price.zip(self.served.as_ref()).map(|(price, served)| price.booked_by(served)),
            estimated_cost_usd = price.and_then(|price| price.estimate).map(|cost| NanoUsd(cost).to_usd_string()),
            finish = self.finish.as_deref(),
            dropped = (!self.losses.is_empty()).then(|| self.losses.to_string()),
            lost = (!self.lost.is_empty()).then(|| self.lost.join(", ")),
            tried = %Tried(&self.attempts),
            "request"
        );
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.end();
        }
        self.settle();
    }
}

/// Nano-dollars as a JSON number of dollars; for display, never for sums.
pub(crate) fn usd(nano: u64) -> f64 {
    nano as f64 / 1e9
}

/// Milliseconds with three decimal places, for the log.
fn rounded_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The attempts on one line of the log.
struct Tried<'a>(&'a [Attempt]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, attempt)| {
            let arrow = if at == 0 { "" } else { " -> " };
            write!(f, "{arrow}{attempt}")
        })
    }
}
