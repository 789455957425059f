//! Finished requests in the shape of OpenRouter's `GET /generation`, and the last of them kept.

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use outrigger_catalog::Cost;
use serde_json::{Value, json};

use super::{Attempt, Record, millis, usd};
use crate::{metrics::Outcome, signals::lock};

/// Members of OpenRouter's answer that this router does not keep; its SDKs want to see each of them.
const NOT_KEPT: [&str; 17] = [
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
    "service_tier",
    "upstream_id",
    "user_agent",
    "web_search_engine",
    "workspace_id",
];

impl Record {
    /// The shape of OpenRouter's `GET /generation`.
    pub(super) fn summary(&self, took: Duration, cost: Option<&Cost>) -> (Box<str>, Value) {
        let served = self.served.as_ref().map(|served| &served.target);
        let usd = cost.map(|cost| usd(cost.total.0));
        let region = served.and_then(|target| target.provider.region.as_deref());
        let began = SystemTime::now().checked_sub(took).unwrap_or(UNIX_EPOCH);
        let mut value = json!({
            "id": self.id,
            "model": served.map(|target| &*target.model),
            "provider_name": served.map(|target| &*target.provider.display),
            "provider": served.map(|target| &*target.provider.name),
            "router": self.route,
            "requested": self.requested,
            "api_type": self.operation.as_str(),
            "created_at": humantime::format_rfc3339_seconds(began).to_string(),
            "streamed": self.streamed,
            "cancelled": self.outcome == Outcome::Cancelled,
            "outcome": self.outcome.as_str(),
            "code": self.code,
            "finish_reason": self.finish,
            "native_finish_reason": self.finish,
            "latency": self.first_token.map(|at| millis(at.saturating_sub(self.started))),
            "generation_time": millis(took),
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
            "is_byok": true,
            "data_region": match region {
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
        (self.id.clone(), value)
    }
}

/// The last requests, for `/v1/generation`.
#[derive(Debug)]
pub(crate) struct Generations {
    kept: Mutex<VecDeque<(Box<str>, Value)>>,
    limit: usize,
}

impl Generations {
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), limit }
    }

    pub(crate) fn find(&self, id: &str) -> Option<Value> {
        lock(&self.kept).iter().rev().find(|(kept, _)| &**kept == id).map(|(_, value)| value.clone())
    }

    pub(super) fn push(&self, summary: (Box<str>, Value)) {
        if self.limit == 0 {
            return;
        }
        let mut kept = lock(&self.kept);
        if kept.len() >= self.limit {
            kept.pop_front();
        }
        kept.push_back(summary);
    }
}
