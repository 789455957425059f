//! What goes back on the wire: a status, a content type, and bytes either at once or at a typist's pace.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    body::{Body, Frame, SizeHint},
};
use serde_json::{Value, json};
use tokio::time::Sleep;

/// The answers are deterministic, so is their date: 2025-01-01.
pub(crate) const CREATED: u64 = 1_735_689_600;

/// Between two parts of a streamed answer.
const PACE: Duration = Duration::from_millis(20);

/// Whose error shape to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
}

impl Dialect {
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/v1/messages") { Self::Anthropic } else { Self::OpenAi }
    }
}

/// An answer before it has become an HTTP response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) parts: Vec<Bytes>,
}

impl Reply {
    pub(crate) fn json(body: &Value) -> Self {
        Self::bytes("application/json", body.to_string())
    }

    pub(crate) fn bytes(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: 200, headers: vec![("content-type", content_type.to_owned())], parts: vec![body.into()] }
    }

    /// A stream of server-sent events, one part each.
    pub(crate) fn events(parts: Vec<Bytes>) -> Self {
        let headers = vec![("content-type", "text/event-stream".to_owned()), ("cache-control", "no-cache".to_owned())];
        Self { status: 200, headers, parts }
    }

    pub(crate) fn error(dialect: Dialect, status: u16, message: &str) -> Self {
        let body = match dialect {
            Dialect::OpenAi => json!({"error": {
                "message": message, "type": openai_type(status), "param": null, "code": null,
            }}),
            Dialect::Anthropic => json!({"type": "error", "error": {
                "type": anthropic_type(status), "message": message,
            }}),
        };
        Self { status, ..Self::json(&body) }
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.parts.iter().map(|part| String::from_utf8_lossy(part)).collect()
    }
}

/// `data: {...}`, the only kind of event OpenAI's completions have.
pub(crate) fn data(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

/// `event: name` and `data: {...}`; the name is the value's own `type`, as in both dialects that name their events.
pub(crate) fn event(value: &Value) -> Bytes {
    let name = value["type"].as_str().unwrap_or("message");
    format!("event: {name}\ndata: {value}\n\n").into()
}

fn openai_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        _ => "server_error",
    }
}

fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..500 => "invalid_request_error",
        _ => "api_error",
    }
}

impl From<Reply> for Response<Paced> {
    fn from(reply: Reply) -> Self {
        let mut response = Response::new(Paced::new(reply.parts));
        *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in reply.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A response body: the first part at once, each later one [`PACE`] after the one before.
#[derive(Debug)]
pub(crate) struct Paced {
    parts: VecDeque<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn new(parts: Vec<Bytes>) -> Self {
        Self { parts: parts.into(), pause: None }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let Some(part) = self.parts.pop_front() else { return Poll::Ready(None) };
        if !self.parts.is_empty() {
            self.pause = Some(Box::pin(tokio::time::sleep(PACE)));
        }
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty()
    }

    /// Exact for a body of one part, so that it gets a content-length; unknown for a stream.
    fn size_hint(&self) -> SizeHint {
        match self.parts.len() {
            0 => SizeHint::with_exact(0),
            1 => SizeHint::with_exact(self.parts[0].len() as u64),
            _ => SizeHint::default(),
        }
    }
}
