//! Errors of ours, as Anthropic would write them.

use serde_json::{Value, json};

use crate::report::Report;

/// The body of an error answer.
pub(super) fn body(report: &Report<'_>) -> Value {
    let error = json!({
        "type": error_type(report.status),
        "message": report.message,
        "code": report.code,
        "metadata": report.metadata,
    });
    json!({"type": "error", "error": error, "request_id": report.request_id})
}

/// The event that ends a stream.
pub(super) fn event(report: &Report<'_>) -> String {
    format!("event: error\ndata: {}\n\n", body(report))
}

/// `error.type` as Anthropic uses it.
fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}
