//! Obeys [`Failover`]: sends what it says to try, tells it what happened, until an answer is committed or nothing is
//! left.
//!
//! Commit is a type: a [`Committed`] owns the upstream body and has no way to retry.

pub(crate) mod answered;
pub(crate) mod context;
mod count;
mod held;
mod judge;
mod prelude;
mod prepare;
mod seals;
mod turned;
mod whole;

use std::{pin::pin, time::Duration};

use outrigger_route::{
    Failover, Health, Step,
    failover::{Then, rule},
};
use outrigger_wire::{Failure, Kind, Operation, spoken};

use answered::Committed;
use context::Context;
use judge::judge;
#[cfg(not(feature = "measured"))]
use prepare::Prepared;
pub(crate) use whole::no_room;
#[cfg(feature = "measured")]
pub(crate) use {
    judge::judge as judged,
    prepare::{Prepared, request as prepared},
};

use crate::{
    error::Exhausted,
    ledger::note::End,
    record::{
        attempts::{Attempt, Attempts},
        price::Price,
        served::Served,
    },
    redact,
    signals::{InFlight, Probe},
    trace::trail::CallEnd,
    upstream::{Unanswered, body},
};

/// One call that ended.
struct Ended {
    at: usize,
    key: Option<usize>,
    sent: Duration,
    /// Which of the request's calls it was, where a ledger is told and it was sent.
    call: Option<usize>,
    result: Result<Box<Committed>, Failure>,
}

/// Runs the plan. Every call that ends is added to `attempts` at once, so that a cancelled request still names them.
/// `started` is when the caller's head came, for the overhead of a first attempt.
pub(crate) async fn run(
    cx: &Context<'_>,
    attempts: &mut Attempts,
    started: Option<Duration>,
) -> Result<(Box<Committed>, Served), Box<Exhausted>> {
    let mut failover = Failover::new(cx.plan, cx.deadline);
    let mut last = None;
    let mut waits: Vec<Option<Duration>> = Vec::new();
    loop {
        let now = cx.now();
        match failover.next(now) {
            Step::Wait(wait) => tokio::time::sleep(wait).await,
            Step::GiveUp => break,
            Step::Try(at) => {
                let turn = if failover.is_probe() { held::turn(cx, at).await } else { Ok(None) };
                // Until what it brings has been booked.
                let probe = match turn {
                    Ok(probe) => probe,
                    Err(failure) => {
                        waits.push(failure.retry_after);
                        last = Some(failure);
                        break;
                    }
                };
                let now = cx.now();
                if let Some(started) = started.filter(|_| attempts.is_empty()) {
                    cx.metrics.overhead.record(now.saturating_sub(started).as_secs_f64());
                }
                let (ended, other) = with_hedge(cx, &mut failover, at, now).await;
                for ended in std::iter::once(ended).chain(other) {
                    match settle(cx, attempts, &mut failover, ended) {
                        Ok(found) => {
                            probe.iter().for_each(Probe::answered);
                            return Ok(found);
                        }
                        Err(failure) => {
                            waits.push(failure.retry_after);
                            last = Some(failure);
                        }
                    }
                }
            }
        }
    }
    if cx.now() >= cx.deadline && last.is_none() {
        last = Some(Failure::local(Kind::TotalTimeout, "the request's total time limit ran out"));
    }
    if last.is_none() {
        last = limited(cx);
        waits.extend(last.iter().map(|failure| failure.retry_after));
    }
    let retry_after = waits.iter().copied().collect::<Option<Vec<_>>>().and_then(|waits| waits.into_iter().min());
    Err(Box::new(Exhausted { attempts: std::mem::take(attempts), last, retry_after }))
}

/// Nothing was sent because every target is at the operator's own limit (Z10).
fn limited(cx: &Context<'_>) -> Option<Failure> {
    let until = cx.plan.candidates.iter().filter_map(|candidate| match candidate.standing.health {
        Health::Limited { until } => Some(until),
        _ => None,
    });
    let wait = until.min()?.saturating_sub(cx.now());
    let mut failure = Failure::local(
        Kind::RateLimited,
        "the limits that policy sets for every allowed provider are used up on this pod; nothing was sent",
    );
    (failure.status, failure.retry_after) = (Some(429), Some(wait));
    Some(failure)
}

/// Books one ended call: signals, metrics, attempts, failover.
fn settle(
    cx: &Context<'_>,
    attempts: &mut Attempts,
    failover: &mut Failover,
    ended: Ended,
) -> Result<(Box<Committed>, Served), Failure> {
    let Ended { at, key, sent, call, result } = ended;
    let target = &cx.plan.candidates[at].target;
    let now = cx.now();
    let counters = cx.counters(at);
    let mut attempt = Attempt {
        target: target.clone(),
        key,
        status: None,
        failure: None,
        message: "".into(),
        cost: None,
        took: now.saturating_sub(sent),
    };
    match result {
        Ok(committed) => {
            attempt.status = Some(committed.status.as_u16());
            attempts.push(attempt);
            Ok((
                committed,
                Served { target: target.clone(), published: cx.published.clone(), counters, sent, key, call },
            ))
        }
        Err(failure) => {
            let health = &cx.published.health[target.slot as usize];
            let cooled = health.failure(&failure, key, now);
            cx.metrics.attempt_failed(&counters, failure.kind, cooled);
            failover.failed(at, &failure, health.has_other_key(key, now), now, fastrand::u64(..));
            if rule(failure.kind).then != Then::Stop {
                cx.metrics.fallback(&counters, failure.kind);
            }
            attempt.status = failure.status;
            attempt.failure = Some(failure.kind);
            attempt.message = failure.message.clone();
            let in_body = || {
                failure
                    .body
                    .as_ref()
                    .and_then(|body| spoken::billed(cx.upstream(target).unwrap_or(cx.taken.operation), body))
            };
            let billed = failure.billed.as_deref().cloned().or_else(in_body);
            let usage = billed.map(|usage| usage.as_counted_by(&target.provider.slug));
            let mut price = None;
            if let Some(usage) = &usage {
                price = Price::of(target, &cx.published.snapshot, usage);
                attempt.cost = price.map(|price| price.cost);
                cx.metrics.usage(&counters, usage, price.as_ref());
            }
            if let Some(trail) = cx.trail {
                trail.failed(target, &failure, now, rule(failure.kind).then != Then::Stop);
            }
            if let Some((sheet, call)) = cx.sheet.zip(call) {
                let (status, code) = (failure.status.unwrap_or_default(), failure.kind.code());
                let end = End { took: attempt.took, status, code, blamed: attempt.blamed(), usage, price };
                sheet.call_ended(call, end);
            }
            attempts.push(attempt);
            Err(failure)
        }
    }
}

/// Calls candidate `at`; if the route hedges and it stays silent, the next one beside it. The first to commit wins
/// and the other is dropped, which cancels it. Returns the call that ended, and the second where both did.
async fn with_hedge(cx: &Context<'_>, failover: &mut Failover, at: usize, now: Duration) -> (Ended, Option<Ended>) {
    match cx.plan.route.failover.hedge_after {
        None => (call(cx, at, now, failover.is_first()).await, None),
        // Two calls at once are rare: their room is made when they come.
        Some(after) => Box::pin(hedged(cx, failover, at, now, after)).await,
    }
}

async fn hedged(
    cx: &Context<'_>,
    failover: &mut Failover,
    at: usize,
    now: Duration,
    after: Duration,
) -> (Ended, Option<Ended>) {
    let mut first = pin!(call(cx, at, now, failover.is_first()));
    if let Ok(ended) = tokio::time::timeout(after, &mut first).await {
        return (ended, None);
    }
    let now = cx.now();
    let Some(other) = failover.hedge(now) else { return (first.await, None) };
    let mut second = pin!(call(cx, other, now, false));
    let (ended, first_ended) = tokio::select! {
        ended = &mut first => (ended, true),
        ended = &mut second => (ended, false),
    };
    if ended.result.is_ok() {
        return (ended, None);
    }
    let remaining = if first_ended { second.await } else { first.await };
    (ended, Some(remaining))
}

/// One upstream call, from choosing a key to a committed answer. `sent` is the time at which it begins.
/// `first`: see [`crate::signals::Bound::begin`].
async fn call(cx: &Context<'_>, at: usize, sent: Duration, first: bool) -> Ended {
    let candidate = &cx.plan.candidates[at];
    let target = &candidate.target;
    let health = &cx.published.health[target.slot as usize];
    let key = health.key(&target.provider, sent, fastrand::f64());
    // What is answered here uses nothing of the provider's.
    let sends = cx.upstream(target).is_some();
    let in_flight = match sends.then(|| health.begin(sent, first)).transpose() {
        Ok(in_flight) => in_flight,
        Err(held) => return Ended { at, key, sent, call: None, result: Err(held::failure(held, sent)) },
    };
    let mut uncounted = Uncounted { cx, at, armed: true };
    let mut told = None;
    let mut result = attempt(cx, at, key, in_flight, sent, &mut told).await;
    uncounted.armed = false;
    match &mut result {
        Ok(committed) => redact::headers(&mut committed.headers, &target.provider),
        Err(failure) => redact::failure(failure, &target.provider),
    }
    Ended { at, key, sent, call: told, result }
}

/// Counts a call that is dropped before it ends: its caller went away, or the other of two hedged calls won (X2).
struct Uncounted<'a> {
    cx: &'a Context<'a>,
    at: usize,
    armed: bool,
}

impl Drop for Uncounted<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.cx.metrics.attempt_failed(&self.cx.counters(self.at), Kind::Cancelled, false);
            if let Some(trail) = self.cx.trail {
                let end = CallEnd { at: self.cx.now(), status: None, code: Kind::Cancelled.code() };
                trail.ended(&self.cx.plan.candidates[self.at].target, end);
            }
        }
    }
}

async fn attempt(
    cx: &Context<'_>,
    at: usize,
    key: Option<usize>,
    in_flight: Option<InFlight>,
    sent: Duration,
    told: &mut Option<usize>,
) -> Result<Box<Committed>, Failure> {
    let candidate = &cx.plan.candidates[at];
    let Some(operation) = cx.upstream(&candidate.target) else {
        return count::here(cx, candidate).await.map(Box::new);
    };
    let Prepared { to, request, hide_usage, echo, losses } = prepare::request(cx, candidate, operation, key)?;
    *told = cx.sheet.map(|sheet| sheet.begins(&cx.plan.route.name, &candidate.target, key, cx.now()));
    let timeouts = &cx.plan.route.timeouts;
    let streamed = cx.reading.head.stream;
    let limit = if streamed { timeouts.first_token } else { timeouts.answer };
    // Connecting has its own limit; what follows is silence on an open connection (T1, T2).
    let judged = pin!(async {
        let response = match to.send(request, timeouts.connect).await {
            Ok(response) => response,
            Err(Unanswered::Failed(failure)) => return Err(failure),
            Err(Unanswered::Stale) => Box::pin(again(cx, at, operation, key, told)).await?,
        };
        judge(operation, streamed, response, cx.allowance).await
    });
    // What the request has of its total time.
    let left = cx.deadline.saturating_sub(sent);
    let until = cx.clock.instant(sent + limit.min(left));
    let (status, headers, answered) =
        tokio::time::timeout_at(until, judged).await.unwrap_or_else(|_| Err(too_long(streamed, limit, left)))?;
    let answered = match &echo {
        Some(echo) => judge::translated(answered, echo, cx.id)?,
        None => answered,
    };
    Ok(Box::new(Committed { answered, status, headers, hide_usage, echo, losses, in_flight }))
}

/// Sends the request once more, on a fresh connection: the one it was sent on had been closed meanwhile. That is no
/// attempt, and nobody is to blame (H3). A ledger is told of both: what was read before the end may be billed.
async fn again(
    cx: &Context<'_>,
    at: usize,
    operation: Operation,
    key: Option<usize>,
    told: &mut Option<usize>,
) -> Result<http::Response<body::Body>, Failure> {
    cx.metrics.resent(&cx.counters(at));
    let candidate = &cx.plan.candidates[at];
    // The first was used up: made anew from the caller's bytes, as every attempt is.
    let Prepared { to, request, .. } = prepare::request(cx, candidate, operation, key)?;
    if let Some((sheet, first)) = cx.sheet.zip(*told) {
        sheet.unheard(first, cx.now());
        *told = Some(sheet.begins(&cx.plan.route.name, &candidate.target, key, cx.now()));
    }
    to.send_afresh(request, cx.plan.route.timeouts.connect).await
}

/// The answer did not come within the route's limit, or within the time that the whole request had left.
fn too_long(streamed: bool, limit: Duration, left: Duration) -> Failure {
    if left < limit {
        return Failure::local(Kind::TotalTimeout, "the request's total time limit ran out");
    }
    let what = if streamed { "content" } else { "answer" };
    Failure::local(Kind::FirstTokenTimeout, format!("no {what} within {limit:?}"))
}
