//! How a call ends, in gRPC's words.

use std::{borrow::Cow, time::Duration};

use http::{HeaderMap, HeaderValue};

use crate::identity::Refused;

/// Status codes of gRPC that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidArgument = 3,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// Why a call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: Code,
    /// For people; starts with a stable code of ours. Holds nothing of a token.
    pub(crate) message: Cow<'static, str>,
    /// How long whoever calls is to wait at least.
    pub(crate) pushback: Option<Duration>,
}

impl Status {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), pushback: None }
    }

    /// As trailers, or as the headers of an answer that has nothing else.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert("grpc-status", HeaderValue::from(self.code as u16));
        let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        // A message is percent-encoded; ours hold no percent sign but by accident.
        let message: String = self.message.chars().map(plain).collect::<String>().replace('%', "%25");
        if let Ok(message) = HeaderValue::try_from(message) {
            headers.insert("grpc-message", message);
        }
        if let Some(pushback) = self.pushback {
            let millis = u32::try_from(pushback.as_millis()).unwrap_or(u32::MAX);
            headers.insert("grpc-retry-pushback-ms", HeaderValue::from(millis));
        }
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let message = format!("{}: {refused}", refused.code());
        match refused {
            // Nothing is wrong with the token for all anybody knows.
            Refused::PodUnknown | Refused::ReviewUnavailable => Self::new(Code::Unavailable, message),
            Refused::Busy { retry_after } => {
                Self { pushback: Some(retry_after), ..Self::new(Code::ResourceExhausted, message) }
            }
            Refused::Missing
            | Refused::Malformed
            | Refused::WrongKey
            | Refused::WrongAudience
            | Refused::Expired
            | Refused::NotYetValid
            | Refused::Revoked
            | Refused::TooLongLived
            | Refused::NotAuthenticated
            | Refused::NotBound
            | Refused::PodGone => Self::new(Code::Unauthenticated, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_sent_away_is_told_for_how_long() {
        let written = |refused: Refused| {
            let mut headers = HeaderMap::new();
            Status::from(refused).write(&mut headers);
            let word = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
            (word("grpc-status").unwrap(), word("grpc-message").unwrap(), word("grpc-retry-pushback-ms"))
        };
        let (status, message, pushback) = written(Refused::Busy { retry_after: Duration::from_secs(10) });
        assert_eq!((&*status, pushback.as_deref()), ("8", Some("10000")));
        assert!(message.starts_with("review_busy: "), "{message}");
        assert_eq!(written(Refused::ReviewUnavailable).0, "14");
        assert_eq!((written(Refused::PodGone).0.as_str(), written(Refused::PodGone).2), ("16", None));
    }
}
