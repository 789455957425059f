//! What an upstream still says behind an error or behind the end: of usage alone, since that was billed (U12).

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body::Body as _;
use outrigger_wire::{Failure, Peek, Usage, sse};

use super::Relay;

/// Most bytes that are read behind an error, for what they say of usage.
const MOST_LATE: usize = 64 << 10;

impl Relay {
    /// The upstream says that it failed, and in the same event, or behind it, what it used until then (U12).
    pub(super) fn told_to_fail(&mut self, failure: &Failure, usage: Option<Usage>) {
        if let Some(usage) = usage {
            self.record.book_last(usage);
        }
        while let Some(frame) = self.upstream.framer.next_frame() {
            self.hear(&frame);
        }
        self.late = MOST_LATE;
        self.fail(failure);
    }

    /// Books what a late event says of usage; the rest of it is nobody's any more.
    pub(super) fn hear(&mut self, frame: &sse::Frame) {
        let sse::Fields { event, data: Some(data) } = frame.fields() else { return };
        if let Some(usage) = Peek::event(self.spoken, event, &data).usage {
            self.record.book_last(usage);
        }
    }

    /// Reads what still comes behind an error, while the caller's connection has its last moment.
    pub(super) fn listen(&mut self, cx: &mut Context<'_>) {
        while self.late > 0 && !self.upstream.ended {
            match Pin::new(&mut self.upstream.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.late = self.late.saturating_sub(data.len());
                    if self.upstream.framer.feed(data).is_err() {
                        self.late = 0;
                    }
                }
                Poll::Ready(Some(Err(_)) | None) => self.upstream.ended = true,
                Poll::Pending => return,
            }
            while let Some(frame) = self.upstream.framer.next_frame() {
                self.hear(&frame);
            }
            if self.upstream.ended
                && let Some(frame) = self.upstream.framer.finish()
            {
                self.hear(&frame);
            }
        }
    }
}
