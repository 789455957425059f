//! A decision, told: every candidate, what removed it, its score, the order of attempts. Uses the same reading and
//! the same plan as a request, so it cannot say anything else than what would happen.

use std::time::Duration;

use http::HeaderMap;
use outrigger_route::{Health, NoRoute, Signals, Snapshot, reason::Removed};
use outrigger_wire::Operation;
use serde_json::{Value, json};

use crate::{crossing, intake};

/// Explains what `body`, sent to `operation`, would lead to.
pub fn explain<S: Signals>(
    snapshot: &Snapshot,
    signals: &S,
    operation: Operation,
    headers: &HeaderMap,
    body: &[u8],
    now: Duration,
    draw: u64,
) -> Value {
    let reading = match intake::read(operation, headers, body) {
        Ok(reading) => reading,
        Err(error) => return json!({"error": {"code": error.code(), "message": error.message()}}),
    };
    let names: Vec<&str> = reading.ask.names.iter().map(AsRef::as_ref).collect();
    match crossing::decide(snapshot, operation, &reading, body, signals, now, draw) {
        Ok(plan) => json!({
            "requested": names,
            "operation": operation.as_str(),
            "route": plan.route.name,
            "ordered_by": plan.ordering.as_str(),
            "attempt_budget": plan.route.failover.attempts,
            "attempts": plan.candidates.iter().enumerate().map(|(at, candidate)| json!({
                "order": at + 1,
                "provider": candidate.target.provider.name,
                "model": candidate.target.model,
                "upstream_name": candidate.target.upstream_name,
                "dialect": candidate.target.provider.dialect.as_str(),
                "score": candidate.score,
                "health": health(candidate.standing.health, now),
                "latency_p50_s": candidate.standing.latency.map(|p| p.at[0]),
                "throughput_p50": candidate.standing.throughput.map(|p| p.at[0]),
            })).collect::<Vec<_>>(),
            "removed": plan.removed.iter().map(removed).collect::<Vec<_>>(),
        }),
        Err(error) => json!({
            "requested": names,
            "operation": operation.as_str(),
            "error": {"code": error.code(), "message": error.to_string()},
            "attempts": [],
            "removed": match &error {
                NoRoute::Filtered { removed: all } => all.iter().map(removed).collect::<Vec<_>>(),
                _ => Vec::new(),
            },
        }),
    }
}

fn removed(removed: &Removed) -> Value {
    json!({
        "provider": removed.target.provider.name,
        "model": removed.target.model,
        "reason": removed.reason.code(),
        "detail": removed.to_string(),
    })
}

fn health(health: Health, now: Duration) -> Value {
    match health {
        Health::Good => json!("good"),
        Health::Degraded => json!("degraded"),
        Health::Limited { until } => json!({"limited_for_s": until.saturating_sub(now).as_secs_f64()}),
        Health::Cooling { until } => json!({"cooling_for_s": until.saturating_sub(now).as_secs_f64()}),
    }
}
