//! How the events of a stream reach the caller.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use outrigger_wire::{
    Operation,
    hub::{Closing, Stamp},
    translate::{Echo, Stream, Unfit},
};

/// As they are, or in another dialect.
#[derive(Debug)]
pub(in crate::relay) enum Passing {
    /// The bytes that came.
    Same {
        /// Usage was asked for by us, not by the caller.
        hide_usage: bool,
    },
    /// The caller's own dialect, written anew.
    Translated(Box<Translation>),
}

/// A stream in translation.
#[derive(Debug)]
pub(in crate::relay) struct Translation {
    /// What the upstream's events are read as.
    pub(super) spoken: Operation,
    stream: Stream,
    finished: bool,
}

impl Translation {
    pub(in crate::relay) fn new(echo: &Echo, id: &str) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let stream = Stream::new(echo, &Stamp { created, request_id: id });
        Self { spoken: echo.upstream, stream, finished: false }
    }

    /// The caller's events for one of the upstream's; empty for none.
    pub(super) fn feed(&mut self, event: Option<&str>, data: &[u8]) -> Result<Bytes, Unfit> {
        let mut out = Vec::with_capacity(2 * data.len());
        self.stream.feed(event, data, &mut out)?;
        if out.is_empty() && event == Some("ping") {
            // The other dialect keeps a connection alive by comments.
            out.extend_from_slice(b": ping\n\n");
        }
        Ok(out.into())
    }

    /// The end; `None` if it has been written.
    pub(super) fn finish(&mut self, closing: &Closing) -> Option<Bytes> {
        if std::mem::replace(&mut self.finished, true) {
            return None;
        }
        let mut out = Vec::with_capacity(512);
        self.stream.finish(closing, &mut out);
        Some(out.into())
    }

    /// What had no words so far.
    pub(super) fn take_lost(&mut self) -> Vec<&'static str> {
        self.stream.take_lost()
    }
}
