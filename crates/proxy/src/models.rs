//! The catalogue as callers see it: `GET /models`, `/models/{author}/{slug}/endpoints`, `/generation`.

mod shapes;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use outrigger_route::{Signals, Target};
use serde_json::{Value, json};

use crate::{
    app::App,
    error::Error,
    paths::{dialect_of, has_numeric_codes},
    relay::{Body, refusal},
    state::Published,
};

/// Answers a request that is no inference.
pub(crate) fn serve(app: &Arc<App>, path: &str, request: &Request<Incoming>) -> Response<Body> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let answer = match parts.as_slice() {
        _ if request.method() != Method::GET && matches!(parts[0], "models" | "generation") => {
            Err(Error::Method("GET"))
        }
        // No models yet is not the same as none.
        ["models", ..] if app.state.load().policy().is_none() => Err(Error::PolicyPending),
        ["models"] => Ok(list(&app.state.load(), request.uri().query().unwrap_or_default())),
        ["models", author, slug, "endpoints"] => endpoints(app, &format!("{author}/{slug}")),
        ["models", rest @ ..] => one(&app.state.load(), &rest.join("/")),
        ["generation"] => generation(app, request.uri().query().unwrap_or_default()),
        _ => Err(Error::NoPath(request.uri().path().chars().take(200).collect())),
    };
    match answer {
        Ok(value) => json_response(&value),
        Err(error) => refusal(&error, dialect_of(request.headers()), "", has_numeric_codes(request.uri().path())),
    }
}

fn generation(app: &App, query: &str) -> Result<Value, Error> {
    let id = query.split('&').find_map(|pair| pair.strip_prefix("id=")).unwrap_or_default();
    let found = app.books.generations.find(id).ok_or_else(|| Error::NoGeneration(id.chars().take(64).collect()))?;
    Ok(json!({"data": found}))
}

/// All models and routes, or the part that OpenRouter's `offset` and `limit` ask for.
fn list(published: &Published, query: &str) -> Value {
    let asked = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse::<usize>().ok())
    };
    let snapshot = &published.snapshot;
    let mut by_model: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
    // What may be called and nothing else: under some policies that is the routes alone.
    for target in snapshot.targets.iter().filter(|target| snapshot.models.contains_key(&target.model)) {
        by_model.entry(&target.model).or_default().push(target);
    }
    let mut data: Vec<Value> = by_model.iter().map(|(id, targets)| shapes::model(id, targets)).collect();
    let mut routes: Vec<&str> = snapshot.routes.keys().map(|name| &**name).collect();
    routes.sort_unstable();
    data.extend(routes.into_iter().map(|name| {
        let route = &snapshot.routes[name];
        let targets = route.targets.iter().filter_map(|line| snapshot.targets.get(line.slot as usize));
        shapes::route(name, &targets.map(AsRef::as_ref).collect::<Vec<_>>())
    }));
    let total = data.len();
    let (offset, limit) = (asked("offset").unwrap_or(0), asked("limit").unwrap_or(total));
    let data: Vec<Value> = data.into_iter().skip(offset).take(limit).collect();
    let has_more = offset.saturating_add(data.len()) < total;
    json!({"object": "list", "total_count": total, "data": data, "has_more": has_more, "links": {"next": null}})
}

fn one(published: &Published, id: &str) -> Result<Value, Error> {
    let targets: Vec<&Target> =
        published.snapshot.targets.iter().map(AsRef::as_ref).filter(|target| &*target.model == id).collect();
    if targets.is_empty() || !published.snapshot.models.contains_key(id) {
        return Err(Error::NoPath(format!("/models/{}", id.chars().take(100).collect::<String>())));
    }
    Ok(shapes::model(id, &targets))
}

fn endpoints(app: &App, id: &str) -> Result<Value, Error> {
    let published = app.state.load();
    let now = app.books.clock.now();
    let endpoints: Vec<Value> = published
        .snapshot
        .targets
        .iter()
        .filter(|target| &*target.model == id)
        .map(|target| shapes::endpoint(target, &published.health.standing(target, now)))
        .collect();
    if endpoints.is_empty() || !published.snapshot.models.contains_key(id) {
        return Err(Error::NoPath(format!("/models/{id}/endpoints")));
    }
    let architecture = published
        .snapshot
        .targets
        .iter()
        .find(|target| &*target.model == id)
        .map(|target| shapes::architecture(target));
    Ok(json!({"data": {"id": id, "name": id, "created": 0, "description": "", "architecture": architecture,
        "endpoints": endpoints}}))
}

fn json_response(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::of(Bytes::from(value.to_string())));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
