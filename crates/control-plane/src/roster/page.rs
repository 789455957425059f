//! Answers for people.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use serde_json::json;

/// What stands in an answer, at once or little by little.
pub(crate) type Page = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// An answer of this type.
pub(crate) fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Page> {
    answer(status, content_type, Full::new(Bytes::from(body)).boxed_unsync())
}

/// An answer that is JSON.
pub(crate) fn json(status: StatusCode, body: Page) -> Response<Page> {
    answer(status, "application/json", body)
}

/// Why there is nothing to read: `code` for programs, `message` for people.
pub(crate) fn refusal(status: StatusCode, code: &str, message: &str) -> Response<Page> {
    let body = format!("{}\n", json!({"error": {"code": code, "message": message}}));
    let mut response = text(status, "application/json", body);
    match status {
        StatusCode::UNAUTHORIZED => {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

fn answer(status: StatusCode, content_type: &'static str, body: Page) -> Response<Page> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
