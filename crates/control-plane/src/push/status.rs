//! How a call ends, in gRPC's words.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

/// Status codes of gRPC that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidArgument = 3,
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
}

impl Status {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
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
    }
}
