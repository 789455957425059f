//! Finished requests in the shape of OpenRouter's `GET /generation`, and the last of them kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use outrigger_route::{Target, snapshot::Route};
use outrigger_wire::{Operation, Usage, hub::Losses};
use serde_json::{Value, json};

use super::{
    attempts::{Attempt, Attempts},
    id::Id,
    price::{self, Price, price_row},
};
use crate::{lock::lock, metrics::outcome::Outcome};

/// Members of OpenRouter's answer that this router does not keep; its SDKs want to see each of them.
const NOT_KEPT: [&str; 16] = [
    "app_id",
    "cache_discount",
    "external_user",
    "http_referer",
    "moderation_latency",
    "native_tokens_completion_images",
    "num_fetches",
    "num_input_audio_prompt",
    "num_media_completion",
    "num_media_prompt",
    "num_search_results",
    "preset_id",
    "upstream_id",
    "user_agent",
    "web_search_engine",
    "workspace_id",
];

/// What is kept of a finished request: the parts of its record, put into words only when somebody asks.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) id: Id,
    pub(super) operation: Operation,
    pub(super) route: Option<Arc<Route>>,
    pub(super) requested: Box<str>,
    pub(super) streamed: bool,
    pub(super) served: Option<Arc<Target>>,
    pub(super) attempts: Attempts,
    pub(super) usage: Usage,
    pub(super) finish: Option<Box<str>>,
    pub(super) losses: Losses,
    pub(super) outcome: Outcome,
    pub(super) code: &'static str,
    pub(super) began: SystemTime,
    pub(super) took: Duration,
    pub(super) first_token: Option<Duration>,
    pub(super) nano_usd: Option<u64>,
    pub(super) price: Option<Price>,
}

impl Generation {
    /// The shape of OpenRouter's `GET /generation`.
    fn to_json(&self) -> Value {
        let served = self.served.as_deref();
        let usd_of = |nano: Option<u64>| nano.map(usd);
        let usd = usd_of(self.nano_usd);
        let mut value = json!({
            "id": &*self.id,
            "model": served.map(|target| &*target.model),
            "provider_name": served.map(|target| &*target.provider.display),
            "provider": served.map(|target| &*target.provider.name),
            "router": self.route.as_deref().map_or("", |route| &route.name),
            "requested": self.requested,
            "api_type": self.operation.as_str(),
            "created_at": humantime::format_rfc3339_seconds(self.began).to_string(),
            "streamed": self.streamed,
            "cancelled": self.outcome == Outcome::Cancelled,
            "outcome": self.outcome.as_str(),
            "code": self.code,
            "finish_reason": self.finish,
            "native_finish_reason": self.finish,
            "latency": self.first_token.map(millis),
            "generation_time": millis(self.took),
            "tokens_prompt": self.usage.input,
            "tokens_completion": self.usage.output,
            "native_tokens_prompt": self.usage.input,
            "native_tokens_completion": self.usage.output,
            "native_tokens_cached": self.usage.cache_read,
            "native_tokens_reasoning": self.usage.reasoning,
            "usage_estimated": self.usage.estimated,
            "dropped": self.losses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "total_cost": usd,
            "usage": usd,
            "upstream_inference_cost": usd,
            "priced_by": self.price.zip(served).map(|(price, target)| match price.stated {
                true => price::UPSTREAM.to_owned(),
                false => price_row(target),
            }),
            "estimated_cost": usd_of(self.price.and_then(|price| price.estimate)),
            "service_tier": self.usage.bill.as_ref().and_then(|bill| bill.service.as_str()),
            "is_byok": true,
            "data_region": match served.and_then(|target| target.provider.region.as_deref()) {
                Some("us") => "us",
                Some("eu" | "europe") => "europe",
                _ => "global",
            },
            "origin": "",
            "provider_responses": self.attempts.iter().map(Attempt::to_json).collect::<Vec<_>>(),
        });
        if let Some(members) = value.as_object_mut() {
            members.extend(NOT_KEPT.iter().map(|name| ((*name).to_owned(), Value::Null)));
        }
        value
    }
}

/// The last requests, for `/v1/generation`.
#[derive(Debug)]
pub(crate) struct Generations {
    kept: Mutex<VecDeque<Generation>>,
    limit: usize,
}

impl Generations {
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), limit }
    }

    pub(crate) fn find(&self, id: &str) -> Option<Value> {
        lock(&self.kept).iter().rev().find(|kept| &*kept.id == id).map(Generation::to_json)
    }

    pub(super) fn push(&self, generation: Generation) {
        if self.limit == 0 {
            return;
        }
        // The one that goes is freed when the lock is.
        let _oldest = {
            let mut kept = lock(&self.kept);
            let oldest = (kept.len() >= self.limit).then(|| kept.pop_front());
            kept.push_back(generation);
            oldest
        };
    }
}

/// Nano-dollars as a JSON number of dollars; for display, never for sums.
fn usd(nano: u64) -> f64 {
    nano as f64 / 1e9
}

/// Milliseconds, whole.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
