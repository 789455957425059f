//! A decision, told: every candidate, what removed it, its score, the order of attempts. Uses the same reading and
//! the same plan as a request, so it cannot say anything else than what would happen.

use std::time::Duration;

use http::HeaderMap;
use outrigger_route::{
    NoRoute, Signals, Snapshot, Target,
    closed::Closed,
    cost,
    reason::{Reason, Removed},
};
use outrigger_tokens::{Counter, Estimate, estimate};
use outrigger_wire::{Operation, Usage};
use serde_json::{Value, json};

use crate::{closed::forbidden, crossing, decisions::words, intake, tokens};

/// Explains what `body`, sent to `operation`, would lead to. With a `counter`, prompts are counted: by their length, and
/// what they would cost at least.
#[allow(clippy::too_many_arguments, reason = "a request's whole surroundings")]
pub fn explain<S: Signals>(
    snapshot: &Snapshot,
    signals: &S,
    operation: Operation,
    headers: &HeaderMap,
    body: &[u8],
    now: Duration,
    draw: u64,
    counter: Option<&Counter>,
) -> Value {
    let reading = match intake::read(operation, headers, body) {
        Ok(reading) => reading,
        Err(error) => return json!({"error": {"code": error.code(), "message": error.message()}}),
    };
    let names: Vec<&str> = reading.ask.names.iter().map(AsRef::as_ref).collect();
    let plan = crossing::decide(snapshot, operation, &reading, body, signals, now, draw).and_then(|mut plan| {
        counter.map_or(Ok(()), |counter| tokens::fit(&mut plan, body, counter))?;
        Ok(plan)
    });
    match plan {
        Ok(plan) => json!({
            "requested": names,
            "operation": operation.as_str(),
            "route": plan.route.name,
            "ordered_by": plan.ordering.as_str(),
            "attempt_budget": plan.route.failover.attempts,
            "attempts": plan.candidates.iter().enumerate().map(|(at, candidate)| {
                let mut told = words::candidate(at + 1, candidate, operation, now);
                told["prompt"] = json!(counter.and_then(|counter| prompt(&candidate.target, body, counter)));
                told
            }).collect::<Vec<_>>(),
            "removed": plan.removed.iter().map(|it| removed(it, snapshot)).chain(by_policy(snapshot, &names)).collect::<Vec<_>>(),
        }),
        Err(error) => json!({
            "requested": names,
            "operation": operation.as_str(),
            "error": {"code": error.code(), "message": error.to_string()},
            "attempts": [],
            "removed": match &error {
                NoRoute::Filtered { removed: all } => {
                    all.iter().map(|it| removed(it, snapshot)).chain(by_policy(snapshot, &names)).collect::<Vec<_>>()
                }
                NoRoute::Closed { why: Closed::Forbidden(all), .. } => all.iter().map(forbidden).collect(),
                _ => Vec::new(),
            },
        }),
    }
}

/// How long the prompt is for a target, and what it costs to read without a cache.
fn prompt(target: &Target, body: &[u8], counter: &Counter) -> Option<Value> {
    let Estimate { tokens, margin, unknown, assumed, sampled: _ } = estimate(counter, &target.model, body)?;
    let usage = Usage { input: Some(tokens), output: Some(0), ..Usage::default() };
    let cost = cost::cost(&usage, target.prices.as_ref());
    Some(json!({
        "estimated_tokens": tokens,
        "error_p90": margin,
        "uncounted_parts": unknown + assumed,
        "estimated_cost": cost.map(|cost| cost.total.to_usd_string()),
    }))
}

fn removed(removed: &Removed, snapshot: &Snapshot) -> Value {
    let policy = snapshot.strict.as_ref().filter(|_| matches!(removed.reason, Reason::Parameters(_)));
    let mut told = words::removed(removed);
    told["policy"] = json!(policy);
    told
}

/// What policy took away from the names of a request before it came here.
fn by_policy(snapshot: &Snapshot, names: &[&str]) -> Vec<Value> {
    names.iter().filter_map(|name| snapshot.forbidden.get(*name)).flat_map(|all| all.iter()).map(forbidden).collect()
}
