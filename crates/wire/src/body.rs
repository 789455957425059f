//! What we say ourselves, in the caller's dialect: error bodies and the error event that ends a broken stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Dialect, Operation};

/// An error of ours, or an upstream's that we report.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// HTTP status.
    pub status: u16,
    /// The stable code: the same word in the answer, the log and the metric.
    pub code: &'a str,
    /// What happened, whose fault it is, what to do.
    pub message: &'a str,
    /// Everything else, an object: attempts, the upstream's own body, candidates removed.
    pub metadata: Value,
    /// Id of the request.
    pub request_id: &'a str,
    /// `error.code` is the HTTP status, as OpenRouter has it and its SDKs insist on, and the stable code is
    /// `error.metadata.error_code`.
    pub numeric_code: bool,
}

/// The body of an error answer.
pub fn error(dialect: Dialect, report: &Report<'_>) -> Bytes {
    let body = match dialect {
        Dialect::OpenAi => json!({"error": openai_error(report)}),
        Dialect::Anthropic => {
            json!({"type": "error", "error": anthropic_error(report), "request_id": report.request_id})
        }
    };
    Bytes::from(body.to_string())
}

/// The event that ends a stream that broke after its first content (S1, S4): well-formed in the dialect of
/// `operation`, and never a clean end.
pub fn error_event(operation: Operation, report: &Report<'_>, stream: &Stream<'_>) -> Bytes {
    let like: Like<'_> = serde_json::from_slice(stream.like).unwrap_or_default();
    let text = match operation {
        Operation::Messages => format!(
            "event: error\ndata: {}\n\n",
            json!({"type": "error", "error": anthropic_error(report), "request_id": report.request_id})
        ),
        // The event OpenAI's SDKs raise as an error; `response.failed` would claim a response object that we have not.
        Operation::Responses => format!(
            "event: error\ndata: {}\n\n",
            json!({"type": "error", "code": report.code, "message": report.message, "param": null,
                   "sequence_number": stream.events, "metadata": report.metadata})
        ),
        _ => format!(
            "data: {}\n\n",
            json!({
                "id": like.id.unwrap_or(report.request_id),
                "object": like.object.unwrap_or("chat.completion.chunk"),
                "created": like.created.unwrap_or(0),
                "model": like.model.unwrap_or_default(),
                "error": openai_error(report),
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
            })
        ),
    };
    Bytes::from(text)
}

/// What the error event continues: it must look like a part of the same answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream<'a> {
    /// Data of an event passed on: a chat chunk says in each whose it is.
    pub like: &'a [u8],
    /// Events passed on so far, which is the next `sequence_number` of a Responses stream.
    pub events: u64,
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

fn openai_error(report: &Report<'_>) -> Value {
    if report.numeric_code {
        let mut metadata = report.metadata.clone();
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("error_code".to_owned(), Value::from(report.code));
        }
        return json!({"code": report.status, "message": report.message, "metadata": metadata});
    }
    json!({
        "message": report.message,
        "type": openai_type(report.status),
        "param": null,
        "code": report.code,
        "status": report.status,
        "metadata": report.metadata,
    })
}

fn anthropic_error(report: &Report<'_>) -> Value {
    json!({
        "type": anthropic_type(report.status),
        "message": report.message,
        "code": report.code,
        "metadata": report.metadata,
    })
}

/// `error.type` as OpenAI uses it.
fn openai_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

/// `error.type` as Anthropic uses it.
fn anthropic_type(status: u16) -> &'static str {
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
