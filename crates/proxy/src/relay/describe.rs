//! Headers that say what happened: route, provider, model, attempts, decision, cost.

use http::{HeaderMap, HeaderValue};
use outrigger_route::Target;

use crate::{
    headers as names,
    record::{self, Record},
};

/// What a target is called in headers, made once when the policy is published.
#[derive(Debug)]
pub(crate) struct Labels {
    provider: Option<HeaderValue>,
    model: Option<HeaderValue>,
    /// Its price row: source and date. Empty where it has none.
    pub(crate) price_row: Box<str>,
}

impl Labels {
    pub(crate) fn of(target: &Target) -> Self {
        Self {
            provider: HeaderValue::from_str(&target.provider.name).ok(),
            model: HeaderValue::from_str(&target.model).ok(),
            price_row: record::price_row(target).into(),
        }
    }
}

/// Says what happened.
pub(super) fn describe(headers: &mut HeaderMap, record: &Record) {
    // All that may come, here and for a whole answer, so that the map grows once at the most.
    headers.reserve(10);
    if let Some(route) = record.route.as_deref().and_then(|route| HeaderValue::from_str(&route.name).ok()) {
        headers.insert(names::ROUTE, route);
    }
    if !record.losses.is_empty()
        && let Ok(losses) = HeaderValue::try_from(record.losses.to_string())
    {
        headers.insert(names::DROPPED, losses);
    }
    if let Some(served) = &record.served {
        let Labels { provider, model, .. } = &served.published.labels[served.target.slot as usize];
        for (name, value) in [(names::PROVIDER, provider), (names::MODEL, model)] {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(names::ATTEMPTS, count(record.attempts.len()));
    }
    if let Ok(id) = HeaderValue::from_str(&record.id) {
        headers.insert(names::GENERATION, id.clone());
        headers.insert(names::DECISION, id);
    }
}

/// Nearly always one.
pub(super) fn count(attempts: usize) -> HeaderValue {
    match attempts {
        1 => HeaderValue::from_static("1"),
        other => HeaderValue::from(other),
    }
}
