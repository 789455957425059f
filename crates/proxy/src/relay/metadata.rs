//! `openrouter_metadata`: what was considered, what was tried, who answered.

use outrigger_route::Plan;
use serde_json::{Value, json};

use crate::record::{Record, attempts::Attempt};

/// The object, built once when a caller asks for it.
#[derive(Debug)]
pub(crate) struct Metadata(Value);

impl Metadata {
    pub(crate) fn of(plan: &Plan, record: &Record) -> Self {
        let chosen = record.who_served().map(|served| served.target.id);
        let available: Vec<Value> = plan
            .candidates
            .iter()
            .map(|candidate| {
                json!({
                    "provider": candidate.target.provider.name,
                    "model": candidate.target.model,
                    "selected": Some(candidate.target.id) == chosen,
                })
            })
            .collect();
        Self(json!({
            "requested": record.requested(),
            "strategy": plan.ordering.as_str(),
            "route": record.route(),
            "region": record.who_served().and_then(|served| served.target.provider.region.as_deref()),
            "attempt": record.attempts.len(),
            "is_byok": true,
            "endpoints": {"total": plan.candidates.len() + plan.removed.len(), "available": available},
            "attempts": record.attempts.iter().map(Attempt::to_json).collect::<Vec<_>>(),
        }))
    }

    pub(crate) fn json(&self) -> String {
        self.0.to_string()
    }
}
