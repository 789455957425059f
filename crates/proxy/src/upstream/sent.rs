//! A body on its way to a provider: whole, or in pieces of which the long ones are the caller's own bytes.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use outrigger_wire::edit::Pieces;

/// A request that is ready but for the URI's form, which hangs on the protocol of the connection. Boxed, since it goes
/// through many hands that wait.
pub(crate) type Unsent = Box<Request<Sent>>;

/// What is still to be sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    first: Bytes,
    rest: vec::IntoIter<Bytes>,
    left: u64,
}

impl Sent {
    /// A body that is at hand as it is to be.
    pub(crate) fn of(body: Bytes) -> Self {
        Self { left: body.len() as u64, first: body, rest: vec::IntoIter::default() }
    }

    pub(crate) fn pieces(pieces: Pieces) -> Self {
        Self { left: pieces.len() as u64, first: Bytes::new(), rest: pieces.pieces.into_iter() }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let first = std::mem::take(&mut self.first);
        let next = if first.is_empty() { self.rest.next() } else { Some(first) };
        self.left -= next.as_ref().map_or(0, |next| next.len() as u64);
        Poll::Ready(next.map(|next| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_is_sent_is_all_of_it_and_its_length_is_known() {
        let body = Bytes::from([b"a".repeat(9000), b"old".to_vec(), b"b".repeat(9000)].concat());
        let sent = Sent::pieces(Pieces::replace(&body, 9000..9003, "newer"));
        assert_eq!(sent.size_hint().exact(), Some(18005));
        assert_eq!(sent.collect().await.unwrap().to_bytes().len(), 18005);
        assert!(Sent::default().is_end_stream() && !Sent::of(body).is_end_stream());
    }
}
