//! What is noted of a request while it runs: nowhere else is known when each of its calls began, nor that one was let go.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use outrigger_route::Target;
use outrigger_wire::Failure;
use smallvec::SmallVec;

use super::{
    Tracer,
    context::{self, Context, SpanId, TraceId},
    span::Span,
};
use crate::lock::lock;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Longest `tracestate` that a span carries, in bytes: what everybody must pass on. Providers get it as it came.
const STATE: usize = 512;
/// Most calls and most moves that are noted: a route allows 32 calls.
const MOST: usize = 64;

/// One request's.
#[derive(Debug)]
pub(crate) struct Trail {
    tracer: Arc<Tracer>,
    /// The span of the request itself.
    pub(super) here: Context,
    /// The caller's span.
    pub(super) parent: Option<SpanId>,
    pub(super) state: Box<str>,
    notes: Mutex<Notes>,
}

/// What is noted.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(super) decision: Option<Decision>,
    pub(super) calls: SmallVec<[Call; 1]>,
    pub(super) moves: Vec<Move>,
}

/// How it was decided.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// Of the policy.
    pub(crate) revision: Box<str>,
    pub(crate) strategy: &'static str,
}

/// A call that was sent.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) span: SpanId,
    pub(super) target: Arc<Target>,
    pub(super) sent: Duration,
    /// `None`: it was let go.
    pub(super) end: Option<CallEnd>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallEnd {
    pub(crate) at: Duration,
    pub(crate) status: Option<u16>,
    /// `ok`, or the failure's.
    pub(crate) code: &'static str,
}

/// Somebody else was turned to.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) at: Duration,
    pub(super) from: Arc<Target>,
    pub(super) code: &'static str,
    /// How many calls had been sent before.
    pub(super) after: usize,
    /// A part of the answer was with the caller already.
    pub(super) resumed: bool,
}

impl Trail {
    /// Of a request with these headers.
    pub(crate) fn begin(tracer: &Arc<Tracer>, headers: &HeaderMap) -> Arc<Self> {
        // Of several, none is believed.
        let mut said = headers.get_all(TRACEPARENT).iter();
        let parent = said.next().filter(|_| said.next().is_none());
        let parent = parent.and_then(|value| context::parse(value.as_bytes()));
        let trace = parent.map_or_else(TraceId::draw, |parent| parent.trace);
        let sampled = tracer.sampler.samples(trace, parent.map(|parent| parent.sampled));
        let state = parent.and_then(|_| headers.get(TRACESTATE)?.to_str().ok()).filter(|state| state.len() <= STATE);
        Arc::new(Self {
            tracer: tracer.clone(),
            here: Context { trace, span: SpanId::draw(), sampled },
            parent: parent.map(|parent| parent.span),
            state: state.unwrap_or_default().into(),
            notes: Mutex::default(),
        })
    }

    /// The span of the request, and whether it is sampled.
    pub(crate) fn span(&self) -> (TraceId, SpanId, bool) {
        let Context { trace, span, sampled } = self.here;
        (trace, span, sampled)
    }

    /// It was decided.
    pub(crate) fn decided(&self, decision: Decision) {
        lock(&self.notes).decision = Some(decision);
    }

    /// A request to `target` is about to be sent, for the first time or once more: it says of which call it is.
    pub(crate) fn mark(&self, headers: &mut HeaderMap, target: &Arc<Target>, now: Duration) {
        let span = {
            let mut notes = lock(&self.notes);
            match notes.open(target) {
                Some(call) => call.span,
                None => {
                    let span = SpanId::draw();
                    if notes.calls.len() < MOST {
                        notes.calls.push(Call { span, target: target.clone(), sent: now, end: None });
                    }
                    span
                }
            }
        };
        if let Ok(value) = HeaderValue::try_from(Context { span, ..self.here }.to_string()) {
            headers.insert(TRACEPARENT, value);
        }
        // What belongs to a parent that is not believed.
        if self.parent.is_none() {
            headers.remove(TRACESTATE);
        }
    }

    /// The call to `target` that is open has ended, if there is one: nothing was sent otherwise.
    pub(crate) fn ended(&self, target: &Arc<Target>, end: CallEnd) {
        if let Some(call) = lock(&self.notes).open(target) {
            call.end = Some(end);
        }
    }

    /// An attempt at `target` failed at `now`; `moves`: somebody else may be asked.
    pub(crate) fn failed(&self, target: &Arc<Target>, failure: &Failure, now: Duration, moves: bool) {
        let code = failure.kind.code();
        self.ended(target, CallEnd { at: now, status: failure.status, code });
        if moves {
            self.moved(target, code, now, false);
        }
    }

    /// Somebody else is turned to, who may go on where `from` broke off.
    pub(crate) fn moved(&self, from: &Arc<Target>, code: &'static str, at: Duration, resumed: bool) {
        let mut notes = lock(&self.notes);
        if notes.moves.len() < MOST {
            let after = notes.calls.len();
            notes.moves.push(Move { at, from: from.clone(), code, after, resumed });
        }
    }

    /// Whether it is told: as was decided at its head, and where that was no, if it did not go well all the same.
    pub(crate) fn is_told(&self, badly: bool) -> bool {
        self.here.sampled || (badly && !self.tracer.sampler.is_off())
    }

    /// What comes of it is told in any case; `None`: it is never told.
    pub(crate) fn is_surely_told(&self) -> Option<bool> {
        (self.here.sampled || !self.tracer.sampler.is_off()).then_some(self.here.sampled)
    }

    /// Calls that were sent.
    pub(crate) fn calls(&self) -> usize {
        lock(&self.notes).calls.len()
    }

    /// Makes spans of what was noted, and puts them on their way.
    pub(crate) fn tell(&self, spans: impl FnOnce(&Self, &Notes) -> Vec<Span>) {
        let spans = spans(self, &lock(&self.notes));
        self.tracer.queue.put(spans);
    }
}

impl Notes {
    /// The call to `target` that has not ended.
    fn open(&mut self, target: &Target) -> Option<&mut Call> {
        self.calls.iter_mut().rev().find(|call| call.end.is_none() && call.target.id == target.id)
    }
}
