//! How the stream of a dialect is cut into events.

use crate::sse::Framer;

/// A way of cutting bytes into events, by the media type that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events: `text/event-stream` (WHATWG HTML 9.2.6).
    ServerSentEvents,
}

impl Framing {
    /// Whether a `content-type` names it, whatever parameters it has.
    pub fn is_named(self, content_type: &str) -> bool {
        content_type.starts_with(self.media_type())
    }

    /// What `content-type` calls it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::ServerSentEvents => "text/event-stream",
        }
    }

    /// What cuts it.
    pub fn framer(self) -> Framer {
        match self {
            Self::ServerSentEvents => Framer::default(),
        }
    }
}
