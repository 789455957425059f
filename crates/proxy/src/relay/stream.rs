//! Relaying a stream of events: each event is passed on as soon as it is whole, read for usage, errors and its end,
//! and changed only where policy adds to it. An abnormal end is never made to look like a normal one (S1, S2).

mod additions;
mod broken;
mod clocks;
mod late;
mod room;
pub(super) mod translation;

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use outrigger_catalog::NanoUsd;
use outrigger_route::snapshot::Timeouts;
use outrigger_wire::{
    Failure, Kind, Meaning, Operation, Peek, edit::without_null_usage, hub::Closing, sse, translate::Unfit,
};
use tokio::time::Sleep;

use clocks::Clocks;
use room::Room;
use translation::Passing;

use super::{
    cut::{Broken, FLUSH, SHUTTING_DOWN},
    metadata::Metadata,
};
use crate::{
    allowance::Allowance,
    attempt::answered::Stream as Upstream,
    record::Record,
    resume::{Resume, Resumed},
    signals::InFlight,
    upstream::transport,
};

/// How long an upstream may take to close its answer behind the terminal event.
const GRACE: Duration = Duration::from_millis(50);

/// What is to be made of the events.
pub(super) struct Course {
    pub(super) passing: Passing,
    /// To be told in the last of them.
    pub(super) metadata: Option<Metadata>,
    /// What it takes to have another target go on, on a route that opts in.
    pub(super) resume: Option<Box<Resume>>,
}

/// An open stream.
pub(crate) struct Relay {
    upstream: Upstream,
    /// What the upstream's events are read as.
    spoken: Operation,
    passing: Passing,
    out: VecDeque<Bytes>,
    state: State,
    clocks: Clocks,
    saw_finish: bool,
    saw_end: bool,
    /// After the terminal event: how long the upstream has for its own end, so that its connection can be used again.
    grace: Option<Pin<Box<Sleep>>>,
    /// For an event that is large, out of the allowance.
    room: Room,
    allowance: Arc<Allowance>,
    /// How many bytes may still be read behind an error of the upstream's.
    late: usize,
    /// Data of an early event, for an error event to look like the others: a copy, since an event that is kept keeps the
    /// whole buffer that it was read into.
    like: Option<Box<[u8]>>,
    /// How many events were passed on.
    passed: u64,
    metadata: Option<Metadata>,
    record: Box<Record>,
    in_flight: Option<InFlight>,
    resume: Option<Box<Resume>>,
    /// What comes now continues an answer that broke.
    resumed: bool,
}

enum State {
    Open,
    /// Another target is asked to go on.
    Resuming(Pin<Box<dyn Future<Output = Resumed> + Send>>, Failure),
    /// The upstream has ended well; what is in `out` is the rest.
    Finishing,
    /// The error event is in `out` or on its way; the connection is cut when the timer fires.
    Breaking(Option<Pin<Box<Sleep>>>, Kind),
    Over,
}

impl Relay {
    pub(super) fn new(
        allowance: Arc<Allowance>,
        upstream: Upstream,
        timeouts: Timeouts,
        record: Box<Record>,
        in_flight: Option<InFlight>,
        Course { passing, metadata, resume }: Course,
    ) -> Self {
        let left = timeouts.total.saturating_sub(record.now().saturating_sub(record.started()));
        let mut relay = Self {
            upstream,
            spoken: match &passing {
                Passing::Same { .. } => record.operation(),
                Passing::Translated(translation) => translation.spoken,
            },
            passing,
            out: VecDeque::new(),
            state: State::Open,
            clocks: Clocks::start(timeouts, left),
            saw_finish: false,
            saw_end: false,
            grace: None,
            room: Room::None,
            allowance,
            late: 0,
            like: None,
            passed: 0,
            metadata,
            record,
            in_flight,
            resume,
            resumed: false,
        };
        relay.pass_ready();
        relay
    }

    /// Passes what was read before the answer counted.
    fn pass_ready(&mut self) {
        for (frame, peek) in std::mem::take(&mut self.upstream.ready) {
            self.pass(frame, peek);
        }
        if self.upstream.ended {
            self.close_last();
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            if let Some(bytes) = self.out.pop_front() {
                self.clocks.waits(false);
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Finishing => {
                    self.record.succeeded(200);
                    self.state = State::Over;
                    return Poll::Ready(None);
                }
                State::Breaking(..) => {
                    self.listen(cx);
                    let State::Breaking(timer, kind) = &mut self.state else { continue };
                    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
                    ready!(timer.as_mut().poll(cx));
                    let code = kind.code();
                    self.state = State::Over;
                    return Poll::Ready(Some(Err(Broken(code))));
                }
                State::Open => ready!(self.advance(cx)),
                State::Resuming(asking, failure) => {
                    if self.record.is_cut() {
                        let failure = failure.clone();
                        self.give_up(&failure);
                        continue;
                    }
                    let resumed = ready!(asking.as_mut().poll(cx));
                    self.go_on(resumed);
                }
            }
        }
    }

    /// Reads on. Ready when `out` or the state has changed.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // An upstream that never pauses would never let us look at the clocks below.
        if self.passed % 64 == 63 && self.watch_clocks(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(frame) = self.upstream.framer.next_frame() {
            self.read(frame);
            return Poll::Ready(());
        }
        if self.upstream.ended {
            self.end();
            return Poll::Ready(());
        }
        match self.room.poll(cx, self.upstream.framer.held(), &self.allowance) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(failure)) => {
                self.fail(&failure);
                return Poll::Ready(());
            }
            // It is we who do not ask for more.
            Poll::Pending => {
                self.clocks.waits(false);
                return self.watch_clocks(cx);
            }
        }
        match Pin::new(&mut self.upstream.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data()
                    && self.upstream.framer.feed(data).is_err()
                {
                    self.fail(&Failure::local(Kind::Malformed, "an event has no end"));
                }
                return Poll::Ready(());
            }
            // What breaks behind the terminal event breaks nothing.
            Poll::Ready(Some(Err(_))) if self.saw_end => {
                self.upstream.ended = true;
                return Poll::Ready(());
            }
            Poll::Ready(Some(Err(error))) => {
                self.fail(&transport::broken(&error));
                return Poll::Ready(());
            }
            Poll::Ready(None) => {
                self.upstream.ended = true;
                if let Some(frame) = self.upstream.framer.finish() {
                    self.read_last(frame);
                }
                return Poll::Ready(());
            }
            Poll::Pending => {}
        }
        if self.saw_end {
            let grace = self.grace.get_or_insert_with(|| Box::pin(tokio::time::sleep(GRACE)));
            ready!(grace.as_mut().poll(cx));
            self.upstream.ended = true;
            return Poll::Ready(());
        }
        let looked = self.watch_clocks(cx);
        self.clocks.waits(looked.is_pending());
        looked
    }

    fn watch_clocks(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(failure) = self.clocks.poll(cx) {
            self.fail(&failure);
            return Poll::Ready(());
        }
        if self.record.is_cut() {
            self.fail(&Failure::local(Kind::Cancelled, SHUTTING_DOWN));
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn read(&mut self, frame: sse::Frame) {
        // Nothing goes on behind the terminal event (H22).
        if self.saw_end {
            return self.hear(&frame);
        }
        let sse::Fields { event, data } = frame.fields();
        let peek = data.map(|data| Peek::event(self.spoken, event, &data));
        if peek.is_some() {
            // Comments are keep-alives, not signs of life of the model.
            self.clocks.event();
        }
        self.pass(frame, peek);
    }

    /// Reads what the stream ended with, of which the blank line is missing (S10). Whatever follows is to be an event of its
    /// own; where it is cut in its middle nothing of it is passed on, and the stream was cut.
    fn read_last(&mut self, frame: sse::Frame) {
        let sse::Fields { event, data } = frame.fields();
        let cut = data.as_ref().is_none_or(|data| Peek::event(self.spoken, event, data).meaning == Meaning::Malformed);
        if cut && !self.saw_end {
            return;
        }
        self.read(frame);
        self.close_last();
    }

    /// The blank line of a last event that has none.
    fn close_last(&mut self) {
        if !self.saw_end && matches!((&self.passing, &self.state), (Passing::Same { .. }, State::Open)) {
            self.out.push_back(Bytes::from_static(b"\n\n"));
        }
    }

    /// Books one event and puts it out.
    fn pass(&mut self, frame: sse::Frame, peek: Option<Peek>) {
        let Some(mut peek) = peek else {
            // A comment: a keep-alive in every dialect.
            self.out.push_back(frame.raw);
            return;
        };
        if !self.fits(&frame, &peek) {
            return;
        }
        match &peek.meaning {
            Meaning::Error(failure) => {
                let usage = peek.usage.take();
                return self.told_to_fail(failure, usage);
            }
            Meaning::Content => {
                let now = self.record.now();
                self.record.heard.content(now, peek.text);
            }
            // Exactly one terminal event (S11): a second one is dropped.
            Meaning::End if std::mem::replace(&mut self.saw_end, true) => return,
            Meaning::Malformed => self.record.heard.malformed(),
            Meaning::End | Meaning::Prelude | Meaning::Finish => {}
        }
        self.record.answers_in_part(self.spoken, &frame);
        if let Some(usage) = peek.usage.take() {
            self.record.book(usage);
        }
        self.saw_finish |= peek.finish.is_some();
        if let Passing::Translated(_) = self.passing {
            self.passed += 1;
            return self.translate(&frame, peek);
        }
        let hide_usage = matches!(self.passing, Passing::Same { hide_usage: true });
        if hide_usage && peek.usage_only {
            return;
        }
        let closes = peek.finish.is_some() || peek.meaning == Meaning::End;
        self.passed += 1;
        self.remember(&frame);
        let mut raw = self.with_additions(frame, &peek, closes);
        if hide_usage {
            raw = without_null_usage(&raw);
        }
        self.record.heard.finish(peek.finish);
        self.out.push_back(raw);
    }

    /// Puts out what an event is in the caller's dialect: nothing, one event or several.
    fn translate(&mut self, frame: &sse::Frame, mut peek: Peek) {
        let Passing::Translated(translation) = &mut self.passing else { return };
        self.record.heard.finish(peek.finish.take());
        if peek.meaning == Meaning::End {
            return self.finish_translation();
        }
        let sse::Fields { event, data: Some(data) } = frame.fields() else { return };
        match translation.feed(event, &data) {
            Ok(events) if events.is_empty() => {}
            Ok(events) => {
                if self.like.is_none() {
                    self.remember(&sse::first(&events));
                }
                self.out.push_back(events);
            }
            // Counted by the look that came first, if that could not read it either.
            Err(Unfit::Unreadable) if peek.meaning == Meaning::Malformed => {}
            Err(Unfit::Unreadable) => self.record.heard.malformed(),
            Err(Unfit::Overfull) => {
                self.fail(&Failure::local(Kind::Malformed, "tool calls that are never whole hold the answer back"));
            }
        }
    }

    /// The end in the caller's dialect, once.
    fn finish_translation(&mut self) {
        let cost = self
            .record
            .total(self.record.price().as_ref())
            .filter(|_| self.record.tells_cost())
            .map(|cost| NanoUsd(cost).to_usd_string());
        let metadata = self.metadata.take().map(|metadata| metadata.json());
        let Passing::Translated(translation) = &mut self.passing else { return };
        if let Some(events) = translation.finish(&Closing { cost, metadata }) {
            self.record.heard.lost(translation.take_lost());
            self.out.push_back(events);
        }
    }

    fn remember(&mut self, frame: &sse::Frame) {
        // An event with a picture says no more of whose it is.
        const LONGEST: usize = 8 << 10;
        if self.like.is_none()
            && let Some(data) = frame.data().filter(|data| data.len() <= LONGEST)
        {
            self.like = Some(data.into_owned().into());
        }
    }

    /// The upstream closed the stream. Without a finish reason or a terminal event that is a truncation (S2).
    fn end(&mut self) {
        if !matches!(self.state, State::Open) {
            return;
        }
        if !self.saw_finish && !self.saw_end {
            return self.fail(&Failure::local(Kind::Truncated, "the stream ended without a finish reason"));
        }
        if let Passing::Translated(_) = self.passing {
            self.finish_translation();
        } else if !self.saw_end {
            let last = self.record.operation().dialect().last_word();
            self.out.extend((!last.is_empty()).then(|| Bytes::from_static(last)));
        }
        self.state = State::Finishing;
    }
}
