//! The body of an answer, which brings its connection back when it has been read to its end.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::endpoint::{Endpoint, Single};

/// An answer's body.
#[derive(Debug)]
pub(crate) struct Body {
    incoming: Incoming,
    /// `None` where the connection is shared, and once it has been given back.
    lease: Option<Lease>,
}

/// A connection in use. Dropped before its answer has been read, it is closed: the rest of the answer is on it.
#[derive(Debug)]
pub(crate) struct Lease {
    endpoint: Arc<Endpoint>,
    sender: Single,
}

impl Lease {
    pub(super) fn new(endpoint: Arc<Endpoint>, sender: Single) -> Self {
        Self { endpoint, sender }
    }
}

impl Body {
    /// `lease` is what brings the connection back; `None` where it is shared.
    pub(crate) fn new(incoming: Incoming, lease: Option<Lease>) -> Self {
        let mut body = Self { incoming, lease };
        if body.incoming.is_end_stream() {
            body.give_back();
        }
        body
    }

    fn give_back(&mut self) {
        if let Some(Lease { endpoint, sender }) = self.lease.take() {
            endpoint.take_back(sender);
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
