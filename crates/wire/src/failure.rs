//! Why an attempt failed: the closed set of facts that failover branches on.

pub mod said;

use std::time::Duration;

use bytes::Bytes;

use crate::Usage;

/// One failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened, to branch on.
    pub kind: Kind,
    /// The upstream's HTTP status, when it sent one.
    pub status: Option<u16>,
    /// How long the upstream asked us to wait (`Retry-After`, `retry-after-ms`), uncapped.
    pub retry_after: Option<Duration>,
    /// One line for people: the upstream's own message where it sent one.
    pub message: Box<str>,
    /// The upstream's error body, verbatim, so that the caller can be given the most useful one.
    pub body: Option<Bytes>,
    /// What the upstream said that the attempt used, although it failed (U5).
    pub billed: Option<Box<Usage>>,
    /// Headers of the upstream's answer that tell its caller more: see [`telling`].
    pub told: Option<Box<http::HeaderMap>>,
}

impl Failure {
    /// A failure that we noticed ourselves, without an upstream status or body.
    pub fn local(kind: Kind, message: impl Into<Box<str>>) -> Self {
        Self { kind, status: None, retry_after: None, message: message.into(), body: None, billed: None, told: None }
    }

    /// The same, with what the upstream said that it used.
    #[must_use]
    pub fn with_usage(mut self, usage: Option<Usage>) -> Self {
        self.billed = usage.map(Box::new).or(self.billed);
        self
    }
}

/// What went wrong. What follows from each kind (next target, next key, stop) is one table, in `route::failover`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The connection was refused, unreachable, or failed in TLS: nothing was sent.
    Connect,
    /// No connection within `timeouts.connect`: nothing was sent.
    ConnectTimeout,
    /// The sidecar's own proxy towards the provider was not there, or let nobody through: nothing was sent. Nobody's failure.
    ProxyUnreachable,
    /// Connected, but no content within `timeouts.firstToken` (streams) or no answer within `timeouts.answer`.
    FirstTokenTimeout,
    /// The stream fell silent for longer than `timeouts.idle`.
    IdleTimeout,
    /// `timeouts.total` of the whole request ran out.
    TotalTimeout,
    /// The connection broke after the request had been sent.
    Reset,
    /// The answer ended cleanly but too early: no finish reason, no terminal event.
    Truncated,
    /// The answer could not be understood.
    Malformed,
    /// 429: too many requests or tokens for this key.
    RateLimited,
    /// 402, or a 429 that says the quota or credit is spent: waiting will not help this key.
    QuotaExhausted,
    /// 503 or 529, or an in-band overload event.
    Overloaded,
    /// Any other 5xx, or an in-band server error.
    ServerError,
    /// 401: the key is wrong.
    Unauthorized,
    /// 403: the key may not do this.
    Forbidden,
    /// 408, 409, 425: the upstream asks for the same request again.
    TryAgain,
    /// 404: no such model or path.
    NotFound,
    /// 400, 422 and other 4xx: the request itself is at fault.
    InvalidRequest,
    /// The prompt is longer than this model's context window.
    ContextLength,
    /// The provider's content policy refused the prompt.
    ContentPolicy,
    /// 413: the body is larger than the provider accepts.
    TooLarge,
    /// The target's dialect has no words for the request: nothing was sent.
    Untranslatable,
    /// The target rests after failures, or tries with a few requests whether it has recovered, and this is not one of them:
    /// nothing was sent.
    Recovering,
    /// This sidecar had no memory left to hold the answer in. Nobody's failure.
    NoRoom,
    /// The caller went away. Nobody's failure: never counted against a target.
    Cancelled,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 25] = [
        Self::Connect,
        Self::ConnectTimeout,
        Self::ProxyUnreachable,
        Self::FirstTokenTimeout,
        Self::IdleTimeout,
        Self::TotalTimeout,
        Self::Reset,
        Self::Truncated,
        Self::Malformed,
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Overloaded,
        Self::ServerError,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TryAgain,
        Self::NotFound,
        Self::InvalidRequest,
        Self::ContextLength,
        Self::ContentPolicy,
        Self::TooLarge,
        Self::Untranslatable,
        Self::Recovering,
        Self::NoRoom,
        Self::Cancelled,
    ];

    /// The stable code: the same word in the answer, the log and the metric label.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::ProxyUnreachable => "proxy_unreachable",
            Self::FirstTokenTimeout => "first_token_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::Reset => "connection_reset",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed_answer",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TryAgain => "try_again",
            Self::NotFound => "not_found",
            Self::InvalidRequest => "invalid_request",
            Self::ContextLength => "context_length_exceeded",
            Self::ContentPolicy => "content_policy_violation",
            Self::TooLarge => "payload_too_large",
            Self::Untranslatable => "untranslatable",
            Self::Recovering => "recovering",
            Self::NoRoom => "sidecar_overloaded",
            Self::Cancelled => "cancelled",
        }
    }

    /// The kind that a bare status means when the body says nothing more.
    pub fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthorized,
            402 => Self::QuotaExhausted,
            403 => Self::Forbidden,
            404 | 405 | 410 => Self::NotFound,
            408 | 409 | 425 => Self::TryAgain,
            413 => Self::TooLarge,
            429 | 498 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            _ => Self::ServerError,
        }
    }
}

/// The headers of an error answer by which SDKs decide whether and when to ask again, and people find the call again (S16):
/// request ids, rate limits, waits.
pub fn telling(headers: &http::HeaderMap) -> Option<Box<http::HeaderMap>> {
    let tells = |name: &str| {
        matches!(
            name,
            "request-id" | "x-request-id" | "x-should-retry" | "retry-after-ms" | "cf-ray" | "apim-request-id"
        ) || name.contains("ratelimit")
            || name.ends_with("-request-id")
    };
    let kept: http::HeaderMap = headers
        .iter()
        .filter(|(name, _)| tells(name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    (!kept.is_empty()).then(|| Box::new(kept))
}

/// The longest wait that an upstream is believed to mean (H18): quotas that last longer are told by `QuotaExhausted`.
pub const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The wait an upstream asked for: `retry-after-ms` in milliseconds, else `Retry-After` in seconds or as an HTTP date
/// (RFC 9110 10.2.3); at most [`LONGEST_WAIT`]. `unix_now` is the wall clock, needed for dates alone. Nonsense reads as
/// `None`.
pub fn retry_after(headers: &http::HeaderMap, unix_now: std::time::SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = |seconds: f64| {
        (seconds >= 0.0 && seconds.is_finite())
            .then(|| Duration::try_from_secs_f64(seconds).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)))
    };
    if let Some(wait) = text("retry-after-ms").and_then(|ms| ms.parse::<f64>().ok()).and_then(|ms| seconds(ms / 1000.0))
    {
        return Some(wait);
    }
    let value = text("retry-after")?;
    if let Ok(told) = value.parse::<f64>() {
        return seconds(told);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(unix_now).unwrap_or(Duration::ZERO).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests;
