//! The answer, made row by row as it is taken.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
    vec,
};

use bytes::Bytes;
use http_body::Frame;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;

use super::row::{self, Tail};
use crate::{fingerprint::Fingerprints, fleet::Connection, publish::Encoded};

/// A piece of the answer is about so long: one that is taken slowly holds no more.
const PIECE: usize = 32 << 10;

/// What is left to be shown.
pub(super) struct Listing {
    rows: vec::IntoIter<Weak<Connection>>,
    begun: bool,
    shown: usize,
    tail: Option<Vec<u8>>,
    fingerprints: Arc<Fingerprints>,
    /// The last view whose keys were written, and how: sidecars that hold one stand together.
    written: Option<(Arc<Encoded>, Option<Box<RawValue>>)>,
    _place: OwnedSemaphorePermit,
}

impl Listing {
    pub(super) fn new(
        rows: Vec<Weak<Connection>>,
        tail: &Tail<'_>,
        fingerprints: Arc<Fingerprints>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        // Strings and numbers into memory do not fail.
        let tail = serde_json::to_vec(tail).unwrap_or_default();
        let rows = rows.into_iter();
        Self { rows, begun: false, shown: 0, tail: Some(tail), fingerprints, written: None, _place: place }
    }

    /// The next piece; `None` behind the last.
    fn piece(&mut self) -> Option<Vec<u8>> {
        self.tail.as_ref()?;
        let mut out = Vec::with_capacity(PIECE + PIECE / 4);
        if !std::mem::replace(&mut self.begun, true) {
            out.extend_from_slice(b"{\"sidecars\":[");
        }
        while out.len() < PIECE {
            let Some(next) = self.rows.next() else {
                let tail = self.tail.take().unwrap_or_default();
                // Of `{...}`, behind the list.
                out.extend_from_slice(b"\n],");
                out.extend_from_slice(tail.get(1..).unwrap_or(b"}"));
                out.push(b'\n');
                break;
            };
            // It may have left meanwhile.
            let Some(connection) = next.upgrade() else { continue };
            out.extend_from_slice(if self.shown == 0 { b"\n" } else { b",\n" });
            self.shown += 1;
            self.row(&connection, &mut out);
        }
        Some(out)
    }

    fn row(&mut self, connection: &Connection, out: &mut Vec<u8>) {
        let about = connection.about();
        let Some(held) = &about.acked else { return row::write(connection, &about, None, out) };
        if about.rejections.is_some() {
            let own = row::credentials(&held.keys, about.rejected(), &self.fingerprints);
            return row::write(connection, &about, own.as_deref(), out);
        }
        if !self.written.as_ref().is_some_and(|(of, _)| Arc::ptr_eq(of, held)) {
            self.written = Some((held.clone(), row::credentials(&held.keys, &[], &self.fingerprints)));
        }
        let shared = self.written.as_ref().and_then(|(_, credentials)| credentials.as_deref());
        row::write(connection, &about, shared, out);
    }
}

impl http_body::Body for Listing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.piece().map(|piece| Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.tail.is_none()
    }
}
