//! Everything we answer ourselves: status, stable code and message are three total functions; the body takes the
//! caller's dialect.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use outrigger_probe::browser::Refusal;
use outrigger_route::{NoRoute, closed::Closed};
use outrigger_wire::{
    Dialect, Failure, Kind, Operation,
    report::{Passed, Report},
    request::BadRequest,
    spoken,
};
use serde_json::{Value, json};

use crate::{
    closed::forbidden,
    record::attempts::{Attempt, Attempts},
};

/// Why the caller gets no answer of a model.
#[derive(Debug)]
pub(crate) enum Error {
    /// The body is not a request.
    BadRequest(BadRequest),
    /// A field outside the body's top level, or a header, is wrong.
    BadField(String),
    /// The body is longer than the limit, in bytes.
    BodyTooLarge(usize),
    /// The caller sent its body too slowly.
    BodyTimeout,
    /// The caller broke off in its body.
    BodyAborted,
    /// A compressed body.
    Encoding(String),
    /// The byte budget stayed used up for the whole queue timeout.
    Overloaded,
    /// No policy was applied yet.
    PolicyPending,
    /// No such path.
    NoPath(String),
    /// The path exists with another method.
    Method(&'static str),
    /// It is not for this machine, or from a web page (H7).
    Browser(Refusal),
    /// Nothing to try.
    NoRoute(NoRoute),
    /// Everything was tried.
    Exhausted(Box<Exhausted>),
    /// `/v1/generation` does not know the id.
    NoGeneration(String),
    /// The sidecar is leaving and its drain time is over.
    ShuttingDown,
    /// A bug of ours.
    Internal,
}

/// Every attempt failed.
#[derive(Debug)]
pub(crate) struct Exhausted {
    pub(crate) attempts: Attempts,
    /// The last failure, with the upstream's own body.
    pub(crate) last: Option<Failure>,
    /// The shortest wait any upstream asked for, if every one of them asked.
    pub(crate) retry_after: Option<Duration>,
}

impl Error {
    /// HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::BadField(_) | Self::BodyAborted => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Overloaded | Self::PolicyPending | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoPath(_) | Self::NoGeneration(_) => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Browser(_) => StatusCode::FORBIDDEN,
            Self::NoRoute(NoRoute::NoName | NoRoute::Unknown { .. }) => StatusCode::BAD_REQUEST,
            Self::NoRoute(NoRoute::Closed { why, .. }) => closed(why),
            Self::NoRoute(no_route) => match no_route.code() {
                "wrong_endpoint" => StatusCode::BAD_REQUEST,
                "region_restricted" => StatusCode::FORBIDDEN,
                _ => StatusCode::NOT_FOUND,
            },
            Self::Exhausted(exhausted) => exhausted.status(),
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code: the same word in the answer, the log and the metric.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(BadRequest::Syntax(_)) => "invalid_json",
            Self::BadRequest(_) | Self::BadField(_) => "invalid_request",
            Self::BodyAborted => "body_aborted",
            Self::BodyTooLarge(_) => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::Encoding(_) => "unsupported_encoding",
            Self::Overloaded => "sidecar_overloaded",
            Self::PolicyPending => "policy_pending",
            Self::NoPath(_) => "unknown_path",
            Self::Method(_) => "method_not_allowed",
            Self::Browser(refusal) => refusal.code(),
            Self::NoRoute(no_route) => no_route.code(),
            Self::Exhausted(exhausted) => exhausted.code(),
            Self::NoGeneration(_) => "generation_not_found",
            Self::ShuttingDown => "shutting_down",
            Self::Internal => "internal_error",
        }
    }

    /// What happened, whose fault it is, what to do.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::BadRequest(bad) => bad.to_string(),
            Self::BadField(what) => what.clone(),
            Self::BodyAborted => "the connection ended before the whole request body had arrived".to_owned(),
            Self::BodyTooLarge(limit) => {
                format!(
                    "the request body is larger than the sidecar's limit of {limit} bytes; raise --max-body to allow it"
                )
            }
            Self::BodyTimeout => "the request body arrived too slowly; raise --read-timeout to wait longer".to_owned(),
            Self::Encoding(encoding) => {
                format!(
                    "request bodies with content-encoding `{encoding}` are not accepted; send the JSON uncompressed"
                )
            }
            Self::Overloaded => {
                "the sidecar's buffer budget is used up by requests in flight; retry shortly, or raise \
                                 --buffer-budget"
                    .to_owned()
            }
            Self::PolicyPending => {
                "the sidecar has no policy yet; retry shortly, or see /readyz and /config on its admin port".to_owned()
            }
            Self::NoPath(path) => format!("nothing is served at `{path}`; see the README for the paths"),
            Self::Method(allowed) => format!("this path answers {allowed} only"),
            Self::Browser(Refusal::Host) => format!("{}, or name it with --allow-host", Refusal::Host.text()),
            Self::Browser(refusal) => refusal.text().to_owned(),
            Self::NoRoute(no_route) => no_route.to_string(),
            Self::Exhausted(exhausted) => exhausted.message(),
            Self::NoGeneration(id) => {
                format!("generation `{id}` is not among those remembered; raise --generations to remember more")
            }
            Self::ShuttingDown => {
                "the sidecar is shutting down and its drain time is over; raise --drain-timeout to wait longer"
                    .to_owned()
            }
            Self::Internal => "the sidecar failed on this request; its log has the details".to_owned(),
        }
    }

    /// `Retry-After` in whole seconds, where waiting helps.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Overloaded | Self::PolicyPending => Some(1),
            Self::NoRoute(NoRoute::Closed { why: Closed::CredentialsPending | Closed::Pending, .. }) => Some(1),
            Self::Exhausted(exhausted) => {
                exhausted.retry_after.map(|wait| (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
            }
            _ => None,
        }
    }

    /// The error body in the caller's dialect.
    pub(crate) fn body(&self, dialect: Dialect, request_id: &str, numeric_code: bool) -> Bytes {
        let (status, code, metadata) = (self.status().as_u16(), self.code(), self.metadata());
        let message = &self.message();
        spoken::error(dialect, &Report { status, code, message, metadata, request_id, numeric_code })
    }

    fn metadata(&self) -> Value {
        match self {
            Self::NoRoute(no_route) => no_route_metadata(no_route),
            Self::Exhausted(exhausted) => exhausted.metadata(),
            _ => json!({}),
        }
    }
}

/// Whose fault it is: the name's, the policy's that forbids it, or of whoever has to mend something here.
fn closed(why: &Closed) -> StatusCode {
    match why {
        // Asking again changes nothing: somebody has to change what the name means.
        Closed::Unserved { .. } | Closed::NoTargets { .. } => StatusCode::NOT_FOUND,
        Closed::NotForWorkload { .. } | Closed::BareModel { .. } | Closed::Forbidden(_) => StatusCode::FORBIDDEN,
        Closed::Broken { .. }
        | Closed::Unsupported { .. }
        | Closed::CredentialsPending
        | Closed::Pending
        | Closed::Stale => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The candidates removed and the filters that removed them.
fn no_route_metadata(no_route: &NoRoute) -> Value {
    match no_route {
        NoRoute::Filtered { removed } => json!({
            "excluded_by": removed.last().map(|removed| removed.reason.code()),
            "removed": removed.iter().take(50).map(|removed| json!({
                "provider": removed.target.provider.name,
                "model": removed.target.model,
                "reason": removed.reason.code(),
                "detail": removed.to_string(),
            })).collect::<Vec<_>>(),
        }),
        NoRoute::Unknown { name, nearest } => json!({"requested": name, "nearest": nearest}),
        NoRoute::Closed { name, why: Closed::Unserved { by } } => json!({"requested": name, "offered_by": by}),
        NoRoute::Closed { name, why: Closed::Forbidden(all) } => json!({
            "requested": name,
            "removed": all.iter().take(50).map(forbidden).collect::<Vec<_>>(),
        }),
        NoRoute::Nothing { name } => json!({"requested": name, "missing": ["ModelProvider", "ModelRoute"]}),
        NoRoute::Closed { name, .. } => json!({"requested": name}),
        NoRoute::NoName => json!({}),
    }
}

/// The status that the words of an upstream's error name, where the request itself is at fault.
fn named(failure: &Failure) -> Option<StatusCode> {
    failure.body.as_ref()?;
    match failure.kind {
        Kind::InvalidRequest | Kind::ContextLength | Kind::ContentPolicy => Some(StatusCode::BAD_REQUEST),
        Kind::NotFound => Some(StatusCode::NOT_FOUND),
        Kind::TooLarge => Some(StatusCode::PAYLOAD_TOO_LARGE),
        _ => None,
    }
}

impl Exhausted {
    /// What the last upstream told its caller (S16). Of several attempts none speaks for the others: then nothing of whether
    /// and when to ask again.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Some(told) = self.last.as_ref().and_then(|last| last.told.as_deref()) else { return };
        let alone = self.attempts.len() == 1;
        for (name, value) in told {
            if alone || !matches!(name.as_str(), "x-should-retry" | "retry-after-ms") {
                headers.append(name.clone(), value.clone());
            }
        }
    }

    /// Predictable: the upstream's status where all attempts agree on one, or where the request itself is at fault;
    /// 504 where all ran out of time; otherwise 502.
    fn status(&self) -> StatusCode {
        let Some(last) = &self.last else { return StatusCode::SERVICE_UNAVAILABLE };
        // An error that came in a stream has no status: what it says has one, lest SDKs ask again for what cannot work (F11).
        if let Some(status) = named(last).filter(|_| last.status.is_none()) {
            return status;
        }
        let same = self.attempts.iter().all(|attempt| attempt.status == last.status);
        if let Some(status) = last.status.filter(|_| own_fault(last.kind) || same) {
            // 529 and the like are not in the registry but are valid; anything below 400 never gets here.
            return StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        }
        let timeout = |kind: Option<Kind>| {
            matches!(
                kind,
                Some(Kind::ConnectTimeout | Kind::FirstTokenTimeout | Kind::IdleTimeout | Kind::TotalTimeout)
            )
        };
        if self.attempts.iter().all(|attempt| timeout(attempt.failure)) || last.kind == Kind::TotalTimeout {
            return StatusCode::GATEWAY_TIMEOUT;
        }
        StatusCode::BAD_GATEWAY
    }

    fn code(&self) -> &'static str {
        let Some(last) = &self.last else { return "deadline_exceeded" };
        let same = self.attempts.iter().all(|attempt| attempt.failure == Some(last.kind));
        if same || own_fault(last.kind) || last.kind == Kind::TotalTimeout {
            last.kind.code()
        } else {
            "all_attempts_failed"
        }
    }

    fn message(&self) -> String {
        let Some(last) = &self.last else { return "the time limit ran out before anything could be tried".to_owned() };
        let tried: Vec<String> = self.attempts.iter().map(Attempt::to_string).collect();
        match tried.as_slice() {
            [] => last.message.to_string(),
            [one] => format!("{} ({one})", last.message),
            many => format!("{} (after {} attempts: {})", last.message, many.len(), many.join("; ")),
        }
    }

    fn metadata(&self) -> Value {
        let raw = self.last.as_ref().and_then(|last| last.body.as_ref()).map(|body| {
            serde_json::from_slice::<Value>(body)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body[..body.len().min(8192)]).into_owned()))
        });
        json!({
            "error_type": self.last.as_ref().map(|last| last.kind.code()),
            "provider_name": self.attempts.last().map(|attempt| &*attempt.target.provider.name),
            "attempts": self.attempts.iter().map(Attempt::to_json).collect::<Vec<_>>(),
            "raw": raw,
        })
    }
}

/// Whether the request itself is at fault: its failure is told as it is, whatever came before.
fn own_fault(kind: Kind) -> bool {
    matches!(kind, Kind::InvalidRequest | Kind::NotFound | Kind::ContextLength | Kind::ContentPolicy | Kind::TooLarge)
}

/// The event that ends a stream after its first content.
pub(crate) fn broken_event(
    operation: Operation,
    failure: &Failure,
    attempt: &Attempt,
    request_id: &str,
    numeric_code: bool,
    stream: &Passed<'_>,
) -> Bytes {
    let message = format!("the stream broke after its first content: {} ({attempt})", failure.message);
    spoken::error_event(
        operation,
        &Report {
            status: failure.status.unwrap_or(502),
            code: failure.kind.code(),
            message: &message,
            metadata: json!({
                "error_type": failure.kind.code(),
                "attempts": [attempt.to_json()],
                "raw": failure.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok()),
            }),
            request_id,
            numeric_code,
        },
        stream,
    )
}
