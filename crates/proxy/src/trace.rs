//! Traces: one span for each request that is told, one below it for each of its upstream calls, in the words of OpenTelemetry's
//! conventions for generative AI. Never a key, and what a prompt or an answer says on a route alone that asks for it ([`said`]).
//!
//! Where nothing traces, a request finds that out once, and that is all. Else what is known only while it runs is noted in its
//! [`trail`]; when its record is settled, spans are made of both ([`told`]) and put into a bounded [`outbox`](crate::outbox).
//! Whoever sends them is not known here.

mod context;
pub(crate) mod convention;
pub(crate) mod said;
mod sampler;
mod span;
#[cfg(test)]
mod tests;
pub(crate) mod told;
pub(crate) mod trail;

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use outrigger_telemetry::Registry;

pub use context::{SpanId, TraceId};
pub use sampler::Sampler;
pub use span::{Event, Span, Value};

use crate::{
    about::About,
    metrics::trace::TraceMetrics,
    outbox::{Outbox, Waiting, outbox},
};

/// Spans on their way to whoever sends them.
pub type Spans = Waiting<Span>;

/// Decides which requests are told, and takes what is told of them.
#[derive(Debug)]
pub struct Tracer {
    sampler: Sampler,
    queue: Outbox<Span>,
    /// Whom the sidecar runs beside.
    about: Beside,
    /// Registered when somebody looks.
    metrics: OnceLock<TraceMetrics>,
}

/// What the sidecar's collector is told of it with every batch.
pub type Beside = Arc<ArcSwapOption<About>>;

impl Tracer {
    /// One that samples so, what it is told, and whom it will turn out to run beside.
    pub fn new(sampler: Sampler) -> (Self, Spans, Beside) {
        let (queue, spans) = outbox();
        let about = Beside::default();
        (Self { sampler, queue, about: about.clone(), metrics: OnceLock::new() }, spans, about)
    }

    /// Says whom the sidecar runs beside.
    pub(crate) fn about(&self, about: &About) {
        self.about.store(Some(Arc::new(about.clone())));
    }

    /// Sets the series of what became of spans.
    pub(crate) fn measure(&self, registry: &Registry) {
        self.metrics.get_or_init(|| TraceMetrics::register(registry)).set(&self.queue.standing());
    }
}
