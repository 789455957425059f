//! What is answered where nobody else answers.

use http::{HeaderValue, Response, StatusCode, header};
use outrigger_catalog::NanoUsd;
use outrigger_wire::Dialect;

use super::{
    body::Body,
    describe::{count, describe},
};
use crate::{error::Error, headers as names, record::Record};

/// The response for an error of ours: all that it says by itself. `id` is the request's, where it has one.
pub(crate) fn refusal(error: &Error, dialect: Dialect, id: &str, numeric_codes: bool) -> Response<Body> {
    let status = error.status();
    let mut response = Response::new(Body::of(error.body(dialect, id, numeric_codes)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(names::ERROR, HeaderValue::from_static(error.code()));
    if let Error::Exhausted(exhausted) = error {
        exhausted.tell(headers);
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Error::Method(allowed) = error {
        headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    if status == StatusCode::PAYLOAD_TOO_LARGE || status == StatusCode::REQUEST_TIMEOUT {
        // The rest of the body was not read, so the connection cannot be used again.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The same for a request that has a record, which settles with it.
pub(crate) fn error(error: &Error, mut record: Box<Record>, dialect: Dialect) -> Response<Body> {
    let mut response = refusal(error, dialect, &record.id, record.numeric_codes);
    record.failed(error.code(), error.status().as_u16());
    if let Error::Exhausted(exhausted) = error {
        record.attempts.clone_from(&exhausted.attempts);
    }
    let headers = response.headers_mut();
    headers.insert(names::ATTEMPTS, count(record.attempts.len()));
    // What nobody answered may have been billed (H17).
    if let Some(value) = record.total(None).and_then(|cost| HeaderValue::try_from(NanoUsd(cost).to_usd_string()).ok()) {
        headers.insert(names::COST, value);
    }
    describe(headers, &record);
    response
}
