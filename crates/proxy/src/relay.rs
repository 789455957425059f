//! A committed answer on its way to the caller: bytes pass through untouched but for what policy adds, and the record
//! of the request travels in the body, so that it is settled however the body ends.

mod describe;
mod metadata;
mod stream;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use memchr::memmem;
use outrigger_catalog::NanoUsd;
use outrigger_route::Plan;
use outrigger_wire::{
    Kind,
    edit::{insert_member, with_cost},
    heard::Listener,
    peek::Answer,
};
use tokio::time::{Instant, Sleep};

pub(crate) use describe::Labels;
use describe::{count, describe};
pub(crate) use metadata::Metadata;

use crate::{
    App,
    attempt::{Answered, Committed},
    error::Error,
    headers as names,
    hops::Hops,
    record::Record,
    resume::Resume,
    signals::InFlight,
    upstream, watch,
};

/// How long the last bytes get to reach the caller before the connection is cut: a body that fails at once takes with it
/// what is still buffered, here or in a client that reads by `fetch`.
const FLUSH: Duration = Duration::from_millis(50);

/// What a response body can be.
pub(crate) enum Body {
    /// Bytes at hand. The record of a whole answer settles when the body is dropped.
    Full { bytes: Option<Bytes>, _record: Option<Box<Record>> },
    /// Events, read as they pass.
    Stream(Box<stream::Relay>),
    /// Anything else, passed on as it comes.
    Raw(Box<Raw>),
}

/// Why a body ended abnormally: the connection is cut, so that no caller takes it for a whole answer (S1).
#[derive(Debug, thiserror::Error)]
#[error("the answer broke after it had begun: {0}")]
pub(crate) struct Broken(&'static str);

pub(crate) struct Raw {
    /// By which it counted.
    first: Option<Bytes>,
    upstream: upstream::Body,
    /// Streams of transcripts, speech and pictures say what they used, in events of their own (U13).
    listener: Option<Listener>,
    record: Box<Record>,
    idle: Duration,
    silence: Pin<Box<Sleep>>,
    deadline: Pin<Box<Sleep>>,
    /// It broke: the connection is cut when what came before has reached the caller.
    breaking: Option<(Pin<Box<Sleep>>, Kind)>,
    _in_flight: Option<InFlight>,
}

/// The response that relays `committed`.
pub(crate) fn to_caller(
    app: &App,
    committed: Box<Committed>,
    plan: &Plan,
    mut record: Box<Record>,
    wants_metadata: bool,
    resume: Option<Box<Resume>>,
) -> Response<Body> {
    let Committed { answered, status, headers, hide_usage, echo, losses, in_flight } = *committed;
    record.losses = losses;
    let metadata = wants_metadata.then(|| Metadata::of(plan, &record));
    // What is answered here has words of our own.
    let mut out = if in_flight.is_some() { passed_on(headers) } else { headers };
    describe(&mut out, &record);
    if let (Some(watch), Answered::Stream(_) | Answered::Raw(..)) = (&record.watch, &answered) {
        watch.begin(record.started().saturating_add(plan.route.timeouts.total).saturating_add(watch::GRACE));
    }
    let body = match answered {
        Answered::Whole { body, answer, share } => {
            let body = whole(app, body, answer, metadata.as_ref(), &mut record, &mut out);
            record.succeeded(status.as_u16());
            record.holds = share;
            Body::Full { bytes: Some(body), _record: Some(record) }
        }
        Answered::Stream(upstream) => {
            out.remove(header::CONTENT_LENGTH);
            out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            let passing = match &echo {
                Some(echo) => stream::Passing::Translated(Box::new(stream::Translation::new(echo, &record.id))),
                None => stream::Passing::Same { hide_usage },
            };
            let relay =
                stream::Relay::new(app, *upstream, plan.route.timeouts, record, in_flight, passing, metadata, resume);
            Body::Stream(Box::new(relay))
        }
        Answered::Raw(first, upstream) => {
            out.remove(header::CONTENT_LENGTH);
            let timeouts = plan.route.timeouts;
            let left = timeouts.total.saturating_sub(app.now().saturating_sub(record.started()));
            let events =
                out.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            Body::Raw(Box::new(Raw {
                first: Some(first),
                upstream,
                listener: events.then(Listener::default),
                record,
                idle: timeouts.idle,
                silence: Box::pin(tokio::time::sleep(timeouts.idle)),
                deadline: Box::pin(tokio::time::sleep(left)),
                breaking: None,
                _in_flight: in_flight,
            }))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = out;
    response
}

/// The response for an error of ours.
pub(crate) fn error(error: &Error, mut record: Box<Record>, dialect: outrigger_wire::Dialect) -> Response<Body> {
    let status = error.status();
    record.failed(error.code(), status.as_u16());
    let body = error.body(dialect, &record.id, record.numeric_codes);
    let mut response = Response::new(Body::of(body));
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
    if let Error::Exhausted(exhausted) = error {
        record.attempts.clone_from(&exhausted.attempts);
    }
    headers.insert(names::ATTEMPTS, count(record.attempts.len()));
    // What nobody answered may have been billed (H17).
    if let Some(value) = record.total(None).and_then(|cost| HeaderValue::try_from(NanoUsd(cost).to_usd_string()).ok()) {
        headers.insert(names::COST, value);
    }
    describe(headers, &record);
    response
}

/// Adds cost and metadata to a whole answer, and books its usage.
fn whole(
    app: &App,
    body: Bytes,
    answer: Answer,
    metadata: Option<&Metadata>,
    record: &mut Record,
    headers: &mut HeaderMap,
) -> Bytes {
    record.finish = answer.finish;
    if !answer.lost.is_empty()
        && let Ok(value) = HeaderValue::try_from(answer.lost.join(", "))
    {
        headers.insert(names::LOST, value);
    }
    record.lost.extend(answer.lost);
    if let Some(usage) = answer.usage {
        record.book(usage);
    }
    let mut body = body;
    let price = record.price();
    if let Some(cost) = record.total(price.as_ref()) {
        // Exact, and a JSON number as it stands.
        let dollars = NanoUsd(cost).to_usd_string();
        if let Some(at) = answer.usage_at.filter(|_| app.config.usage_cost) {
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

impl Body {
    /// Bytes that no record depends on.
    pub(crate) fn of(bytes: Bytes) -> Self {
        Self::Full { bytes: Some(bytes), _record: None }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut *self {
            Self::Full { bytes, .. } => {
                Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(|b| Ok(Frame::data(b))))
            }
            Self::Stream(relay) => relay.poll(cx),
            Self::Raw(raw) => raw.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full { bytes: None, .. })
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full { bytes, .. } => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            _ => SizeHint::default(),
        }
    }
}

impl Raw {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some((flushed, kind)) = &mut self.breaking {
            ready!(flushed.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Broken(kind.code()))));
        }
        if let Some(first) = self.first.take() {
            self.hear(&first);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match Pin::new(&mut self.upstream).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.silence.as_mut().reset(Instant::now() + self.idle);
                if let Some(data) = frame.data_ref() {
                    self.hear(data);
                }
                return Poll::Ready(Some(Ok(frame)));
            }
            Poll::Ready(Some(Err(error))) => return self.break_off(crate::attempt::broken(&error).kind, cx),
            Poll::Ready(None) => {
                self.record.succeeded(200);
                return Poll::Ready(None);
            }
            Poll::Pending => {}
        }
        if self.silence.as_mut().poll(cx).is_ready() {
            return self.break_off(Kind::IdleTimeout, cx);
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            return self.break_off(Kind::TotalTimeout, cx);
        }
        if self.record.is_cut() {
            return self.break_off(Kind::Cancelled, cx);
        }
        Poll::Pending
    }

    /// Books what is said of usage in these bytes.
    fn hear(&mut self, data: &Bytes) {
        if let Some(usage) = self.listener.as_mut().and_then(|ear| ear.hear(data)) {
            self.record.book(usage);
        }
    }

    /// Nothing can be said in the middle of audio: the connection is cut, once what came before is in the caller's hands.
    fn break_off(&mut self, kind: Kind, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.record.broke(kind);
        let mut flushed = Box::pin(tokio::time::sleep(FLUSH));
        let pending = flushed.as_mut().poll(cx).is_pending();
        self.breaking = Some((flushed, kind));
        if pending { Poll::Pending } else { Poll::Ready(Some(Err(Broken(kind.code())))) }
    }
}
