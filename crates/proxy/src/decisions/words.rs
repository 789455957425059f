//! What is said of a candidate, and of what was removed: pure, and the same in the decision log and in explanations.

use std::time::Duration;

use outrigger_route::{Candidate, Health, reason::Removed};
use outrigger_wire::{Operation, translate};
use serde_json::{Value, json};

/// A candidate of a request to `operation`, the `order`th to be tried.
pub(crate) fn candidate(order: usize, candidate: &Candidate, operation: Operation, now: Duration) -> Value {
    let target = &candidate.target;
    json!({
        "order": order,
        "provider": target.provider.name,
        "model": target.model,
        "upstream_name": target.upstream_name,
        "dialect": translate::upstream(operation, &target.provider.dialects)
            .map(|operation| operation.dialect().as_str()),
        "score": candidate.score,
        "health": health(candidate.standing.health, now),
        "latency_p50_s": candidate.standing.latency.map(|p| p.at[0]),
        "throughput_p50": candidate.standing.throughput.map(|p| p.at[0]),
    })
}

/// What was removed, and why.
pub(crate) fn removed(removed: &Removed) -> Value {
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
