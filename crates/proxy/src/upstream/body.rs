//! The body of an answer, which brings its connection back when it has been read to its end.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::{
    idle::{Idle, Single},
    shared::Stream,
};

/// An answer's body.
#[derive(Debug)]
pub(crate) struct Body {
    incoming: Incoming,
    /// `None` once it has been given back.
    lease: Option<Lease>,
}

/// A connection in use, or a stream of one. Dropped before its answer has been read, a connection is closed: the rest of
/// the answer is on it.
#[derive(Debug)]
pub(super) enum Lease {
    Alone(Arc<Idle>, Single),
    Among(#[expect(dead_code, reason = "counted while it is held")] Stream),
}

impl Body {
    pub(super) fn new(incoming: Incoming, lease: Lease) -> Self {
        let mut body = Self { incoming, lease: Some(lease) };
        if body.incoming.is_end_stream() {
            body.give_back();
        }
        body
    }

    /// One whose connection is nobody's.
    #[cfg(feature = "measured")]
    pub(crate) fn unleased(incoming: Incoming) -> Self {
        Self { incoming, lease: None }
    }

    fn give_back(&mut self) {
        if let Some(Lease::Alone(idle, single)) = self.lease.take() {
            idle.take_back(single);
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        match &polled {
            Poll::Ready(None) => self.give_back(),
            Poll::Ready(Some(Err(_))) => self.lease = None,
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // Whoever knows the length need not ask for the end.
        if self.incoming.is_end_stream() {
            self.give_back();
        }
    }
}
