//! The words of a script.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::Request;

/// How one request is answered. Made by a constructor, made rude by a method.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) head_after: Duration,
    pub(super) end: Ending,
}

/// One step of a streamed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ev {
    /// These bytes, as one chunk.
    Send(Bytes),
    /// Nothing for a while.
    Pause(Duration),
    /// Nothing for ever, on an open connection.
    Stall,
    /// Nothing until somebody opens it, once for each that waits.
    Wait(Gate),
}

/// Opened by whoever decides when an answer goes on.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets one through.
    pub fn open(&self) {
        self.0.add_permits(1);
    }

    pub(super) async fn opened(&self) {
        self.0.acquire().await.expect("it is never taken away").forget();
    }
}

impl PartialEq for Gate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Gate {}

#[derive(Clone)]
pub(super) enum Body {
    /// Sent at once, with a content-length.
    Whole(Bytes),
    /// Sent step by step, chunked.
    Steps(Vec<Ev>),
    /// Depends on the request.
    Asked(Arc<dyn Fn(&Request) -> Body + Send + Sync>),
    /// Not HTTP unless it happens to be: sent as it is, then the connection is closed.
    Raw(Bytes),
    /// The request is read and nothing is ever said.
    Silence,
    /// The connection is closed politely before a status line.
    Nothing,
    /// The connection is reset, if possible before the request is read.
    Refusal,
}

/// How the connection fares when the answer is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Kept for the next request.
    Keep,
    /// Kept, to all appearances, and closed so much later.
    Silent(Duration),
    /// Closed, as the head had announced.
    Close,
    /// Cut in the middle, after so many events or bytes: by a FIN or by a reset.
    Cut { after: usize, reset: bool },
}

impl Ev {
    /// `data: ...` and an empty line.
    pub fn data(data: impl fmt::Display) -> Self {
        Self::raw(format!("data: {data}\n\n"))
    }

    /// `event: ...`, `data: ...` and an empty line.
    pub fn named(event: &str, data: impl fmt::Display) -> Self {
        Self::raw(format!("event: {event}\ndata: {data}\n\n"))
    }

    /// `: ...`, as sent to keep a connection warm.
    pub fn comment(comment: &str) -> Self {
        Self::raw(format!(": {comment}\n\n"))
    }

    /// `data: [DONE]`
    pub fn done() -> Self {
        Self::data("[DONE]")
    }

    /// Any bytes, half an event for instance.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::Send(bytes.into())
    }

    pub fn pause(millis: u64) -> Self {
        Self::Pause(Duration::from_millis(millis))
    }

    pub fn stall() -> Self {
        Self::Stall
    }
}

impl Reply {
    fn new(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body, head_after: Duration::ZERO, end: Ending::Keep }
    }

    /// A status with an empty body.
    pub fn status(status: u16) -> Self {
        Self::new(status, Body::Whole(Bytes::new()))
    }

    pub fn json(status: u16, body: impl fmt::Display) -> Self {
        Self::bytes(status, "application/json", body.to_string())
    }

    /// An error as OpenAI words it.
    pub fn error(status: u16) -> Self {
        Self::json(status, super::super::error_body(status))
    }

    pub fn bytes(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(status, Body::Whole(body.into())).header("content-type", content_type)
    }

    /// A stream of server-sent events, each its own chunk.
    pub fn sse(events: impl IntoIterator<Item = Ev>) -> Self {
        Self::new(200, Body::Steps(events.into_iter().collect())).header("content-type", "text/event-stream")
    }

    /// Any body in chunks: not every stream is one of events.
    pub fn chunked(status: u16, content_type: &str, steps: impl IntoIterator<Item = Ev>) -> Self {
        Self::new(status, Body::Steps(steps.into_iter().collect())).header("content-type", content_type)
    }

    /// JSON that depends on the request.
    pub fn json_for(make: impl Fn(&Request) -> Value + Send + Sync + 'static) -> Self {
        let make = move |request: &Request| Body::Whole(make(request).to_string().into());
        Self::new(200, Body::Asked(Arc::new(make))).header("content-type", "application/json")
    }

    /// Events that depend on the request.
    pub fn sse_for(make: impl Fn(&Request) -> Vec<Ev> + Send + Sync + 'static) -> Self {
        let make = move |request: &Request| Body::Steps(make(request));
        Self::new(200, Body::Asked(Arc::new(make))).header("content-type", "text/event-stream")
    }

    /// Takes the request and never answers.
    pub fn hang() -> Self {
        Self::new(0, Body::Silence)
    }

    /// Resets the connection: right after it is opened when the script is a list (such a connection is counted, but no
    /// request is), else after the request is read.
    /// See [`super::refused_addr`] for an address that cannot be connected to at all.
    pub fn refuse() -> Self {
        Self::new(0, Body::Refusal)
    }

    /// Takes the request and closes the connection without a word, as a server does with a connection gone stale.
    pub fn close_before_head() -> Self {
        Self::new(0, Body::Nothing)
    }

    /// These bytes instead of an HTTP answer, then closes.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::new(0, Body::Raw(bytes.into()))
    }

    // How it is sent.

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Waits before the status line.
    pub fn slow_head(mut self, millis: u64) -> Self {
        self.head_after = Duration::from_millis(millis);
        self
    }

    /// Puts a pause before every event but the first.
    pub fn every(mut self, millis: u64) -> Self {
        self.body = self.body.spaced(Duration::from_millis(millis));
        self
    }

    /// Resets the connection (RST) when so many events are out; a whole body is counted in bytes. What was sent before
    /// has reached the peer's socket by then.
    pub fn reset_after(mut self, sent: usize) -> Self {
        self.end = Ending::Cut { after: sent, reset: true };
        self
    }

    /// Closes the connection (FIN) when so many events are out, with no final chunk; a whole body is counted in bytes.
    pub fn eof_after(mut self, sent: usize) -> Self {
        self.end = Ending::Cut { after: sent, reset: false };
        self
    }

    /// Says `connection: close` and does it.
    pub fn then_close(mut self) -> Self {
        self.end = Ending::Close;
        self
    }

    /// Lets the peer believe that the connection is kept, and closes it at once.
    pub fn then_close_silently(self) -> Self {
        self.then_close_silently_after(0)
    }

    /// Lets the peer believe that the connection is kept, and closes it so much later unless a request comes first.
    pub fn then_close_silently_after(mut self, millis: u64) -> Self {
        self.end = Ending::Silent(Duration::from_millis(millis));
        self
    }

    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.body, Body::Refusal)
    }
}

impl Body {
    /// The same body with every question answered.
    pub(super) fn for_request(self, request: &Request) -> Self {
        match self {
            Self::Asked(make) => make(request).for_request(request),
            other => other,
        }
    }

    fn spaced(self, pause: Duration) -> Self {
        match self {
            Self::Steps(steps) => {
                let spaced = steps.into_iter().flat_map(|step| [Ev::Pause(pause), step]).skip(1);
                Self::Steps(spaced.collect())
            }
            Self::Asked(make) => Self::Asked(Arc::new(move |request| make(request).spaced(pause))),
            other => other,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) | Self::Raw(bytes) => write!(f, "{bytes:?}"),
            Self::Steps(steps) => write!(f, "{steps:?}"),
            Self::Asked(_) => f.write_str("asked"),
            Self::Silence => f.write_str("silence"),
            Self::Nothing => f.write_str("nothing"),
            Self::Refusal => f.write_str("refusal"),
        }
    }
}
