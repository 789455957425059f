//! The catalogue as callers see it: `GET /models`, `/models/{author}/{slug}/endpoints`, `/generation`.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use outrigger_catalog::Prices;
use outrigger_route::{Signals, Target, signals::Percentiles};
use serde_json::{Value, json};

use crate::{App, error::Error, relay::Body, serve::dialect_of, state::Published};

/// Answers a request that is no inference.
pub(crate) fn serve(app: &Arc<App>, path: &str, request: &Request<Incoming>) -> Response<Body> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let answer = match parts.as_slice() {
        _ if request.method() != Method::GET && matches!(parts[0], "models" | "generation") => {
            Err(Error::Method("GET"))
        }
        ["models"] => Ok(list(&app.state.load())),
        ["models", author, slug, "endpoints"] => endpoints(app, &format!("{author}/{slug}")),
        ["models", rest @ ..] => one(&app.state.load(), &rest.join("/")),
        ["generation"] => generation(app, request.uri().query().unwrap_or_default()),
        _ => Err(Error::NoPath(request.uri().path().chars().take(200).collect())),
    };
    match answer {
        Ok(value) => json_response(&value),
        Err(error) => plain_error(&error, request),
    }
}

fn generation(app: &App, query: &str) -> Result<Value, Error> {
    let id = query.split('&').find_map(|pair| pair.strip_prefix("id=")).unwrap_or_default();
    let found = app.generations.find(id).ok_or_else(|| Error::NoGeneration(id.chars().take(64).collect()))?;
    Ok(json!({"data": found}))
}

fn list(published: &Published) -> Value {
    let snapshot = &published.snapshot;
    let mut by_model: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
    for target in &snapshot.targets {
        by_model.entry(&target.model).or_default().push(target);
    }
    let mut data: Vec<Value> = by_model.iter().map(|(id, targets)| model(id, targets)).collect();
    let mut routes: Vec<&str> = snapshot.routes.keys().map(|name| &**name).collect();
    routes.sort_unstable();
    data.extend(routes.into_iter().map(|name| {
        json!({"id": name, "object": "model", "created": 0, "owned_by": "outrigger", "name": name, "type": "model",
               "display_name": name, "created_at": "1970-01-01T00:00:00Z"})
    }));
    json!({"object": "list", "total_count": data.len(), "data": data, "has_more": false})
}

fn one(published: &Published, id: &str) -> Result<Value, Error> {
    let targets: Vec<&Target> =
        published.snapshot.targets.iter().map(AsRef::as_ref).filter(|target| &*target.model == id).collect();
    if targets.is_empty() {
        return Err(Error::NoPath(format!("/models/{}", id.chars().take(100).collect::<String>())));
    }
    Ok(model(id, &targets))
}

/// One model in a shape that holds what OpenAI's, Anthropic's and OpenRouter's clients require of it.
fn model(id: &str, targets: &[&Target]) -> Value {
    let first = targets[0];
    let cheapest = targets.iter().filter_map(|target| target.prices.as_ref()).min_by_key(|prices| prices.input.0);
    json!({
        "id": id,
        "canonical_slug": id,
        "object": "model",
        "type": "model",
        "created": 0,
        "created_at": "1970-01-01T00:00:00Z",
        "owned_by": id.split('/').next().unwrap_or(id),
        "name": id,
        "display_name": id,
        "context_length": targets.iter().filter_map(|target| target.context_length).max(),
        "architecture": {
            "input_modalities": first.input_modalities.iter().map(|m| m.as_str()).collect::<Vec<_>>(),
        },
        "pricing": cheapest.map(pricing),
        "top_provider": {"context_length": first.context_length, "max_completion_tokens": first.max_output},
        "supported_parameters": first.parameters.iter().map(|p| p.as_str()).collect::<Vec<_>>(),
    })
}

fn endpoints(app: &App, id: &str) -> Result<Value, Error> {
    let published = app.state.load();
    let now = app.now();
    let endpoints: Vec<Value> = published
        .snapshot
        .targets
        .iter()
        .filter(|target| &*target.model == id)
        .map(|target| {
            let standing = published.health.standing(target, now);
            json!({
                "name": format!("{} | {}", target.provider.display, target.model),
                "model_id": target.model,
                "model_name": target.model,
                "provider_name": target.provider.display,
                "tag": target.provider.short_name,
                "quantization": target.quantization.as_str(),
                "context_length": target.context_length,
                "max_completion_tokens": target.max_output,
                "pricing": target.prices.as_ref().map(pricing),
                "supported_parameters": target.parameters.iter().map(|p| p.as_str()).collect::<Vec<_>>(),
                "status": 0,
                "health": format!("{:?}", standing.health),
                "uptime_last_30m": standing.uptime.map(|uptime| uptime * 100.0),
                "latency_last_30m": standing.latency.map(|p| percentiles(p, 1000.0)),
                "throughput_last_30m": standing.throughput.map(|p| percentiles(p, 1.0)),
            })
        })
        .collect();
    if endpoints.is_empty() {
        return Err(Error::NoPath(format!("/models/{id}/endpoints")));
    }
    Ok(json!({"data": {"id": id, "name": id, "endpoints": endpoints}}))
}

fn percentiles(p: Percentiles, scale: f32) -> Value {
    json!({"p50": p.at[0] * scale, "p75": p.at[1] * scale, "p90": p.at[2] * scale, "p99": p.at[3] * scale})
}

/// OpenRouter's shape: strings, US dollars per token.
fn pricing(prices: &Prices) -> Value {
    let per_token = |rate: outrigger_catalog::Rate| {
        // Nano-dollars per million tokens: fifteen decimal places of a dollar per token, exactly.
        let digits = format!("{:016}", rate.0);
        let (whole, fraction) = digits.split_at(digits.len() - 15);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
    };
    json!({
        "prompt": per_token(prices.input),
        "completion": per_token(prices.output),
        "input_cache_read": prices.cache_read.map(per_token),
        "input_cache_write": prices.cache_write_5m.map(per_token),
    })
}

fn json_response(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::of(Bytes::from(value.to_string())));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn plain_error(error: &Error, request: &Request<Incoming>) -> Response<Body> {
    let mut response = Response::new(Body::of(error.body(dialect_of(request.headers()), "", request.uri().path().starts_with("/api/v1/"))));
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-outrigger-error", HeaderValue::from_static(error.code()));
    if let Error::Method(allowed) = error {
        headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    response
}
