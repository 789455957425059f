//! Models and endpoints in shapes that hold what OpenAI's, Anthropic's and OpenRouter's clients require of them.
//! OpenRouter's SDKs validate strictly: every member they name is there, null where nothing is known.

use outrigger_catalog::Prices;
use outrigger_route::{
    Standing, Target,
    signals::Percentiles,
    words::{Parameter, Parameters},
};
use outrigger_wire::Operation;
use serde_json::{Map, Value, json};

/// One model, whoever serves it.
pub(super) fn model(id: &str, targets: &[&Target]) -> Value {
    let owner = id.split('/').next().unwrap_or(id);
    let links = json!({"details": format!("/api/v1/models/{id}/endpoints")});
    listed(id, owner, &links, targets)
}

/// A route, which is called like a model. What its targets have in common is not told: each stands for itself.
pub(super) fn route(name: &str, targets: &[&Target]) -> Value {
    listed(name, "outrigger", &json!({"details": "/api/v1/models"}), targets)
}

fn listed(id: &str, owner: &str, links: &Value, targets: &[&Target]) -> Value {
    let first = targets.first();
    let cheapest = targets.iter().filter_map(|target| target.prices.as_ref()).min_by_key(|prices| prices.input.0);
    json!({
        "id": id,
        "canonical_slug": id,
        "object": "model",
        "type": "model",
        "created": 0,
        "created_at": "1970-01-01T00:00:00Z",
        "owned_by": owner,
        "name": id,
        "display_name": id,
        "context_length": targets.iter().filter_map(|target| target.context_length).max(),
        "architecture": first.map_or_else(|| json!({"input_modalities": [], "modality": null, "output_modalities": []}),
            |target| architecture(target)),
        "pricing": pricing(cheapest),
        "top_provider": {
            "context_length": first.and_then(|target| target.context_length),
            "max_completion_tokens": first.and_then(|target| target.max_output),
            "is_moderated": false,
        },
        "supported_parameters": first.map(|target| parameters(target.parameters)).unwrap_or_default(),
        "default_parameters": null,
        "per_request_limits": null,
        "supported_voices": null,
        "links": links,
    })
}

/// What goes in and what comes out, as far as the operations tell.
pub(super) fn architecture(target: &Target) -> Value {
    let input: Vec<&str> = target.input_modalities.iter().map(|modality| modality.as_str()).collect();
    let has = |operation| target.operations.contains(operation);
    let output = match () {
        () if has(Operation::Embeddings) && !has(Operation::ChatCompletions) => "embeddings",
        () if has(Operation::ImageGenerations) && !has(Operation::ChatCompletions) => "image",
        () if has(Operation::Speech) && !has(Operation::ChatCompletions) => "speech",
        () if has(Operation::Transcriptions) && !has(Operation::ChatCompletions) => "transcription",
        () if has(Operation::Rerank) && !has(Operation::ChatCompletions) => "rerank",
        () => "text",
    };
    json!({
        "modality": format!("{}->{output}", input.join("+")),
        "input_modalities": input,
        "output_modalities": [output],
        "tokenizer": "Other",
        "instruct_type": null,
    })
}

/// One endpoint of a model, with how it has fared on this pod.
pub(super) fn endpoint(target: &Target, standing: &Standing) -> Value {
    let tools = target.parameters.contains(Parameter::ToolChoice);
    json!({
        "name": format!("{} | {}", target.provider.display, target.model),
        "model_id": target.model,
        "model_name": target.model,
        "provider_name": target.provider.display,
        "tag": target.provider.short_name,
        "quantization": target.quantization.as_str(),
        "context_length": target.context_length.unwrap_or(0),
        "max_completion_tokens": target.max_output,
        "max_prompt_tokens": null,
        "pricing": pricing(target.prices.as_ref()),
        "supported_parameters": parameters(target.parameters),
        "supports_tool_choice": {"auto": tools, "function": tools, "none": tools, "required": tools},
        "supports_implicit_caching": false,
        "supports_diarization": false,
        "native_tools": {},
        "service_tier": null,
        "status": 0,
        // Two words of ours: how it stands, and the share of attempts that succeeded, of the last thousand at most.
        "health": standing.health.as_str(),
        "uptime": standing.uptime.map(|uptime| uptime * 100.0),
        // OpenRouter's, by the clock: nothing here is counted so, and one number under three names would be none of them.
        "uptime_last_5m": null,
        "uptime_last_30m": null,
        "uptime_last_1d": null,
        "latency_last_30m": standing.latency.map(|p| percentiles(p, 1000.0)),
        "throughput_last_30m": standing.throughput.map(|p| percentiles(p, 1.0)),
    })
}

fn parameters(parameters: Parameters) -> Vec<&'static str> {
    parameters.iter().map(Parameter::as_str).collect()
}

fn percentiles(p: Percentiles, scale: f32) -> Value {
    json!({"p50": p.at[0] * scale, "p75": p.at[1] * scale, "p90": p.at[2] * scale, "p99": p.at[3] * scale})
}

/// OpenRouter's shape: strings, US dollars per token; `-1` where no price is known, never zero (U6).
fn pricing(prices: Option<&Prices>) -> Value {
    let Some(prices) = prices else { return json!({"prompt": "-1", "completion": "-1"}) };
    let per_token = |rate: outrigger_catalog::Rate| {
        // Nano-dollars per million tokens: fifteen decimal places of a dollar per token, exactly.
        let digits = format!("{:016}", rate.0);
        let (whole, fraction) = digits.split_at(digits.len() - 15);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
    };
    let mut known = Map::new();
    for (name, rate) in [
        ("prompt", Some(prices.input)),
        ("completion", Some(prices.output)),
        ("input_cache_read", prices.cache_read),
        ("input_cache_write", prices.cache_write_5m),
        ("input_cache_write_1h", prices.cache_write_1h),
        ("internal_reasoning", prices.reasoning),
    ] {
        if let Some(rate) = rate {
            known.insert(name.to_owned(), per_token(rate).into());
        }
    }
    Value::Object(known)
}
