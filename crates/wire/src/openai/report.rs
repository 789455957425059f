//! Errors of ours, as OpenAI would write them.

use serde_json::{Value, json};

use crate::report::{Passed, Report};

/// The body of an error answer.
pub(crate) fn body(report: &Report<'_>) -> Value {
    json!({"error": error(report)})
}

/// The event that ends a stream of chat chunks: a chunk with an error, of the same answer.
pub(super) fn event(report: &Report<'_>, passed: &Passed<'_>) -> String {
    let like: Like<'_> = serde_json::from_slice(passed.like).unwrap_or_default();
    let chunk = json!({
        "id": like.id.unwrap_or(report.request_id),
        "object": like.object.unwrap_or("chat.completion.chunk"),
        "created": like.created.unwrap_or(0),
        "model": like.model.unwrap_or_default(),
        "error": error(report),
        "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
    });
    format!("data: {chunk}\n\n")
}

/// The identity of a chat chunk.
#[derive(serde::Deserialize, Default)]
struct Like<'a> {
    #[serde(borrow, default)]
    id: Option<&'a str>,
    #[serde(borrow, default)]
    object: Option<&'a str>,
    #[serde(default)]
    created: Option<u64>,
    #[serde(borrow, default)]
    model: Option<&'a str>,
}

fn error(report: &Report<'_>) -> Value {
    if report.numeric_code {
        let mut metadata = report.metadata.clone();
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("error_code".to_owned(), Value::from(report.code));
        }
        return json!({"code": report.status, "message": report.message, "metadata": metadata});
    }
    json!({
        "message": report.message,
        "type": error_type(report.status),
        "param": null,
        "code": report.code,
        "status": report.status,
        "metadata": report.metadata,
    })
}

/// `error.type` as OpenAI uses it.
fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}
