//! The line of one request. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use outrigger_catalog::NanoUsd;
use outrigger_wire::{Operation, Usage};
use serde_json::{Value, json};

use super::{
    Decided,
    words::{candidate, removed},
};

/// Most bytes of what was asked for.
const REQUESTED: usize = 128;

/// How the request went.
#[derive(Debug)]
pub(crate) struct Went<'a> {
    pub(crate) id: &'a str,
    pub(crate) opened: SystemTime,
    pub(crate) operation: Operation,
    pub(crate) route: &'a str,
    pub(crate) requested: &'a str,
    pub(crate) streamed: bool,
    pub(crate) outcome: &'static str,
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    /// Each as it is told, without what a provider said of it: that may be what somebody asked.
    pub(crate) attempts: Vec<Value>,
    pub(crate) usage: &'a Usage,
    pub(crate) finish: Option<&'a str>,
    /// In nano-dollars.
    pub(crate) cost: Option<u64>,
    pub(crate) took: Duration,
    pub(crate) first_token: Option<Duration>,
}

/// One request, with what was decided of it.
pub(crate) fn line(decided: &Decided, went: Went<'_>) -> Value {
    let Went { id, opened, operation, route, requested, streamed, outcome, code, status, attempts, usage, .. } = went;
    let at = opened.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let candidates = (1..).zip(&decided.candidates).map(|(order, it)| candidate(order, it, operation, decided.at));
    json!({
        "id": id,
        "at_ms": u64::try_from(at).unwrap_or(u64::MAX),
        "operation": operation.as_str(),
        "route": route,
        "requested": &requested[..requested.floor_char_boundary(REQUESTED)],
        "policy_revision": decided.revision,
        "ordered_by": decided.ordered_by,
        "attempt_budget": decided.budget,
        "candidates": candidates.collect::<Vec<_>>(),
        "removed": decided.removed.iter().map(removed).collect::<Vec<_>>(),
        "not_listed": decided.more,
        "attempts": attempts,
        "outcome": outcome,
        "code": code,
        "status": status,
        "streamed": streamed,
        "finish": went.finish,
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cached_tokens": usage.cache_read,
        "reasoning_tokens": usage.reasoning,
        "estimated": usage.estimated,
        "cost_usd": went.cost.map(|cost| NanoUsd(cost).to_usd_string()),
        "duration_ms": ms(went.took),
        "first_token_ms": went.first_token.map(ms),
    })
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
