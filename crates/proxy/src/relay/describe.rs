//! Headers that say what happened: route, provider, model, attempts, decision, cost.

use http::{HeaderMap, HeaderValue};

use crate::{headers as names, record::Record};

/// Says what happened.
pub(super) fn describe(headers: &mut HeaderMap, record: &Record) {
    // All that may come, here and for a whole answer, so that the map grows once at the most.
    headers.reserve(10);
    if !record.route().is_empty()
        && let Ok(route) = HeaderValue::from_str(record.route())
    {
        headers.insert(names::ROUTE, route);
    }
    if !record.losses().is_empty()
        && let Ok(losses) = HeaderValue::try_from(record.losses().to_string())
    {
        headers.insert(names::DROPPED, losses);
    }
    if let Some(served) = record.who_served() {
        let labels = &served.published.labels[served.target.slot as usize];
        for (name, value) in [(names::PROVIDER, &labels.provider), (names::MODEL, &labels.model)] {
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
