//! The body of a response.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{cut::Broken, raw::Raw, stream::Relay};
use crate::record::Record;

/// What a response body can be.
pub(crate) enum Body {
    /// Bytes at hand. The record of a whole answer settles when the body is dropped.
    Full { bytes: Option<Bytes>, _record: Option<Box<Record>> },
    /// Events, read as they pass.
    Stream(Box<Relay>),
    /// Anything else, passed on as it comes.
    Raw(Box<Raw>),
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
