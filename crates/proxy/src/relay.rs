//! A committed answer on its way to the caller: bytes pass through untouched but for what policy adds, and the record
//! of the request travels in the body, so that it is settled however the body ends.

mod body;
mod cut;
mod describe;
mod metadata;
mod raw;
mod refusal;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use memchr::memmem;
use outrigger_catalog::NanoUsd;
use outrigger_route::Plan;
use outrigger_wire::{
    edit::{insert_member, with_cost},
    peek::Answer,
};

pub(crate) use body::Body;
use describe::describe;
use metadata::Metadata;
use raw::Raw;
pub(crate) use refusal::{error, refusal};
use stream::{
    Course, Relay,
    translation::{Passing, Translation},
};

use crate::{
    allowance::Allowance,
    attempt::answered::{Answered, Committed},
    headers as names,
    hops::Hops,
    record::Record,
    resume::Resume,
    watch,
};

/// The response that relays `committed`.
pub(crate) fn to_caller(
    allowance: &Arc<Allowance>,
    committed: Box<Committed>,
    plan: &Plan,
    mut record: Box<Record>,
    wants_metadata: bool,
    resume: Option<Box<Resume>>,
) -> Response<Body> {
    let Committed { answered, status, headers, hide_usage, echo, in_flight, losses: _ } = *committed;
    let metadata = wants_metadata.then(|| Metadata::of(plan, &record));
    // What is answered here has words of our own.
    let mut out = if in_flight.is_some() { passed_on(headers) } else { headers };
    describe(&mut out, &record);
    let timeouts = plan.route.timeouts;
    if let Answered::Stream(_) | Answered::Raw(..) = &answered {
        record.watch().begin(record.started().saturating_add(timeouts.total).saturating_add(watch::GRACE));
    }
    let body = match answered {
        Answered::Whole { body, answer, share } => {
            let body = whole(body, answer, metadata.as_ref(), &mut record, &mut out);
            record.succeeded(status.as_u16());
            record.holds(share);
            Body::Full { bytes: Some(body), _record: Some(record) }
        }
        Answered::Stream(upstream) => {
            out.remove(header::CONTENT_LENGTH);
            out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            let passing = match &echo {
                Some(echo) => Passing::Translated(Box::new(Translation::new(echo, &record.id))),
                None => Passing::Same { hide_usage },
            };
            let course = Course { passing, metadata, resume };
            Body::Stream(Box::new(Relay::new(allowance.clone(), *upstream, timeouts, record, in_flight, course)))
        }
        Answered::Raw(first, upstream) => {
            out.remove(header::CONTENT_LENGTH);
            let events =
                out.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            Body::Raw(Box::new(Raw::new(first, upstream, events, timeouts, record, in_flight)))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = out;
    response
}

/// Adds cost and metadata to a whole answer, and books its usage.
fn whole(
    body: Bytes,
    answer: Answer,
    metadata: Option<&Metadata>,
    record: &mut Record,
    headers: &mut HeaderMap,
) -> Bytes {
    record.answers(&body);
    record.heard.finish(answer.finish);
    if !answer.lost.is_empty()
        && let Ok(value) = HeaderValue::try_from(answer.lost.join(", "))
    {
        headers.insert(names::LOST, value);
    }
    record.heard.lost(answer.lost);
    if let Some(usage) = answer.usage {
        record.book(usage);
    }
    let mut body = body;
    let price = record.price();
    if let Some(cost) = record.total(price.as_ref()) {
        // Exact, and a JSON number as it stands.
        let dollars = NanoUsd(cost).to_usd_string();
        if let Some(at) = answer.usage_at.filter(|_| record.tells_cost()) {
            body = with_cost(body, at, &dollars, price.is_some_and(|price| price.in_parts));
        }
        if let Ok(value) = HeaderValue::try_from(dollars) {
            headers.insert(names::COST, value);
        }
    }
    if let Some(metadata) = metadata.filter(|_| memmem::find(&body, b"\"openrouter_metadata\"").is_none()) {
        let end = body.trim_ascii_end().len();
        body = insert_member(&body, end, "openrouter_metadata", &metadata.json());
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    body
}

/// The upstream's headers that are the caller's business: no hop-by-hop ones, no cookies, nothing that could echo a
/// key (Z6), no word of another sidecar's (H19), no leave for web pages (H7). Its length is left for the body to say.
fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    let ours = |headers: &HeaderMap, name: &HeaderName| {
        Hops::of(headers).name(name)
            || name.as_str().starts_with("x-outrigger-")
            || name.as_str().starts_with("access-control-")
            || matches!(
                name.as_str(),
                "keep-alive"
                    | "proxy-connection"
                    | "transfer-encoding"
                    | "te"
                    | "trailer"
                    | "upgrade"
                    | "set-cookie"
                    | "server"
                    | "alt-svc"
                    | "strict-transport-security"
                    | "authorization"
                    | "x-api-key"
                    | "api-key"
                    | "x-goog-api-key"
            )
    };
    // Few or none at a time: what stays is not touched.
    while let Some(name) = headers.keys().find(|name| ours(&headers, name)).cloned() {
        headers.remove(name);
    }
    // Last, since it names others.
    headers.remove(header::CONNECTION);
    headers
}
