//! What is neither JSON nor events of ours, passed on as it comes: audio, files, streams with events of their own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use outrigger_route::snapshot::Timeouts;
use outrigger_wire::{Failure, Kind, heard::Listener};
use tokio::time::{Instant, Sleep};

use super::cut::{Broken, FLUSH, SHUTTING_DOWN};
use crate::{
    record::Record,
    signals::InFlight,
    upstream::{body::Body, transport::broken},
};

/// An answer on its way.
pub(crate) struct Raw {
    /// By which it counted.
    first: Option<Bytes>,
    upstream: Body,
    /// Streams of transcripts, speech and pictures say what they used, in events of their own (U13).
    listener: Option<Listener>,
    record: Box<Record>,
    idle: Duration,
    silence: Pin<Box<Sleep>>,
    deadline: Pin<Box<Sleep>>,
    /// It broke: the connection is cut when what came before has reached the caller.
    breaking: Option<(Pin<Box<Sleep>>, Kind)>,
    _in_flight: Option<InFlight>,
}

impl Raw {
    /// `events`: it is a stream of events, whatever they are.
    pub(super) fn new(
        first: Bytes,
        upstream: Body,
        events: bool,
        timeouts: Timeouts,
        record: Box<Record>,
        in_flight: Option<InFlight>,
    ) -> Self {
        let left = timeouts.total.saturating_sub(record.now().saturating_sub(record.started()));
        Self {
            first: Some(first),
            upstream,
            listener: events.then(Listener::default),
            record,
            idle: timeouts.idle,
            silence: Box::pin(tokio::time::sleep(timeouts.idle)),
            deadline: Box::pin(tokio::time::sleep(left)),
            breaking: None,
            _in_flight: in_flight,
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some((flushed, kind)) = &mut self.breaking {
            ready!(flushed.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Broken(kind.code()))));
        }
        if let Some(first) = self.first.take() {
            self.hear(&first);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match Pin::new(&mut self.upstream).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.silence.as_mut().reset(Instant::now() + self.idle);
                if let Some(data) = frame.data_ref() {
                    self.hear(data);
                }
                return Poll::Ready(Some(Ok(frame)));
            }
            Poll::Ready(Some(Err(error))) => return self.break_off(broken(&error), cx),
            Poll::Ready(None) => {
                self.record.succeeded(200);
                return Poll::Ready(None);
            }
            Poll::Pending => {}
        }
        if self.silence.as_mut().poll(cx).is_ready() {
            return self.break_off(Failure::local(Kind::IdleTimeout, format!("no bytes within {:?}", self.idle)), cx);
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            return self.break_off(Failure::local(Kind::TotalTimeout, "the request's total time limit ran out"), cx);
        }
        if self.record.is_cut() {
            return self.break_off(Failure::local(Kind::Cancelled, SHUTTING_DOWN), cx);
        }
        Poll::Pending
    }

    /// Books what is said of usage in these bytes.
    fn hear(&mut self, data: &Bytes) {
        if let Some(usage) = self.listener.as_mut().and_then(|ear| ear.hear(data)) {
            self.record.book(usage);
        }
    }

    /// Nothing can be said in the middle of audio: the connection is cut, once what came before is in the caller's hands.
    fn break_off(&mut self, failure: Failure, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let kind = failure.kind;
        self.record.broke(&failure);
        let mut flushed = Box::pin(tokio::time::sleep(FLUSH));
        let pending = flushed.as_mut().poll(cx).is_pending();
        self.breaking = Some((flushed, kind));
        if pending { Poll::Pending } else { Poll::Ready(Some(Err(Broken(kind.code())))) }
    }
}
