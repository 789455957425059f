//! The spans of a request that has ended. Pure.

use std::time::{Duration, SystemTime};

use outrigger_route::Target;
use outrigger_wire::{Operation, Usage};

use super::{
    context::SpanId,
    convention,
    span::{Event, Span, Value},
    trail::{Call, CallEnd, Move, Notes, Trail},
};
use crate::metrics::outcome::Outcome;

/// What its record says of a request.
pub(crate) struct Ended<'a> {
    pub(crate) id: &'a str,
    pub(crate) operation: Operation,
    pub(crate) route: &'a str,
    pub(crate) requested: &'a str,
    pub(crate) streamed: bool,
    /// Whose answer the caller got.
    pub(crate) served: Option<&'a Target>,
    pub(crate) outcome: Outcome,
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) usage: &'a Usage,
    pub(crate) finish: Option<&'a str>,
    /// In nano-dollars.
    pub(crate) cost: Option<u64>,
    pub(crate) attempts: usize,
    /// When its head had been read.
    pub(crate) opened: SystemTime,
    /// The same, and all that follows, by the sidecar's clock.
    pub(crate) started: Duration,
    pub(crate) first_token: Option<Duration>,
    pub(crate) now: Duration,
}

impl Ended<'_> {
    fn at(&self, time: Duration) -> SystemTime {
        self.opened + time.saturating_sub(self.started)
    }
}

/// Its own, then one for each of its calls.
pub(crate) fn spans(trail: &Trail, notes: &Notes, ended: &Ended<'_>) -> Vec<Span> {
    let mut spans = Vec::with_capacity(1 + notes.calls.len());
    spans.push(request(trail, notes, ended));
    spans.extend(notes.calls.iter().enumerate().map(|(at, called)| call(trail, ended, at, called)));
    spans
}

fn span(trail: &Trail, id: SpanId, parent: Option<SpanId>, name: String, [began, ended]: [SystemTime; 2]) -> Span {
    Span {
        trace: trail.here.trace,
        id,
        parent,
        sampled: trail.here.sampled,
        state: trail.state.clone(),
        name,
        began,
        ended,
        attributes: Vec::with_capacity(24),
        events: Vec::new(),
        error: None,
    }
}

/// Cut where a caller's word is long.
const NAME: usize = 128;

fn request(trail: &Trail, notes: &Notes, ended: &Ended<'_>) -> Span {
    let operation = convention::operation(ended.operation);
    let model = &ended.requested[..ended.requested.floor_char_boundary(NAME)];
    let name = format!("{operation} {model}").trim_end().to_owned();
    let times = [ended.opened, ended.at(ended.now)];
    let mut span = span(trail, trail.here.span, trail.parent, name, times);
    let all = &mut span.attributes;
    all.push(("gen_ai.operation.name", Value::text(operation)));
    if !model.is_empty() {
        all.push(("gen_ai.request.model", Value::text(model)));
    }
    if ended.streamed {
        all.push(("gen_ai.request.stream", Value::Flag(true)));
    }
    // Whose answer it is, else who was asked last.
    if let Some(target) = ended.served.or_else(|| notes.calls.last().map(|call| &*call.target)) {
        all.push(("gen_ai.provider.name", Value::text(convention::provider(&target.provider.slug))));
        server(all, target);
    }
    if let Some(target) = ended.served {
        all.push(("gen_ai.response.model", Value::text(&target.upstream_name)));
        all.push(("outrigger.provider", Value::text(&target.provider.name)));
        all.push(("outrigger.model", Value::text(&target.model)));
    }
    if let Some(finish) = ended.finish {
        all.push(("gen_ai.response.finish_reasons", Value::Texts(vec![finish.into()])));
    }
    let first = ended.first_token.filter(|_| ended.streamed);
    if let Some(first) = first {
        let took = first.saturating_sub(ended.started);
        all.push(("gen_ai.response.time_to_first_chunk", Value::Measure(took.as_secs_f64())));
    }
    tokens(all, ended.usage);
    if !matches!(ended.outcome, Outcome::Ok) {
        all.push(("error.type", Value::text(ended.code)));
        // A caller that goes away is nobody's error.
        span.error = (ended.outcome != Outcome::Cancelled).then(|| ended.code.into());
    }
    all.push(("http.response.status_code", Value::Count(ended.status.into())));
    all.push(("outrigger.id", Value::text(ended.id)));
    all.push(("outrigger.outcome", Value::text(ended.outcome.as_str())));
    if !ended.route.is_empty() {
        all.push(("outrigger.route", Value::text(ended.route)));
    }
    all.push(("outrigger.attempts", Value::Count(ended.attempts as u64)));
    if let Some(decision) = &notes.decision {
        all.push(("outrigger.policy.revision", Value::text(&decision.revision)));
        all.push(("outrigger.strategy", Value::text(decision.strategy)));
    }
    if let Some(cost) = ended.cost {
        all.push(("outrigger.cost_usd", Value::Measure(cost as f64 / 1e9)));
    }
    // What nobody came after was no move.
    let followed = |moved: &&Move| moved.resumed || ended.served.is_some() || notes.calls.len() > moved.after;
    span.events = notes.moves.iter().filter(followed).map(|moved| failover(ended, moved)).collect();
    span
}

fn tokens(all: &mut Vec<(&'static str, Value)>, usage: &Usage) {
    let written = [usage.cache_write_5m, usage.cache_write_1h].into_iter().flatten().reduce(u64::saturating_add);
    for (name, count) in [
        ("gen_ai.usage.input_tokens", usage.input),
        ("gen_ai.usage.output_tokens", usage.output),
        ("gen_ai.usage.cache_read.input_tokens", usage.cache_read),
        ("gen_ai.usage.cache_creation.input_tokens", written),
        ("gen_ai.usage.reasoning.output_tokens", usage.reasoning),
    ] {
        all.extend(count.map(|count| (name, Value::Count(count))));
    }
    if usage.estimated {
        all.push(("outrigger.usage.estimated", Value::Flag(true)));
    }
}

fn server(all: &mut Vec<(&'static str, Value)>, target: &Target) {
    if let Some((host, port)) = convention::server(&target.provider.base_url) {
        all.push(("server.address", Value::Text(host)));
        all.push(("server.port", Value::Count(port.into())));
    }
}

fn failover(ended: &Ended<'_>, moved: &Move) -> Event {
    let mut attributes = vec![
        ("outrigger.failover.reason", Value::text(moved.code)),
        ("outrigger.failover.from.provider", Value::text(&moved.from.provider.name)),
        ("outrigger.failover.from.model", Value::text(&moved.from.model)),
    ];
    if moved.resumed {
        attributes.push(("outrigger.failover.resumed", Value::Flag(true)));
    }
    Event { name: "outrigger.failover", at: ended.at(moved.at), attributes }
}

/// One that was let go ended with its request, at the latest.
fn call(trail: &Trail, ended: &Ended<'_>, at: usize, called: &Call) -> Span {
    let Call { span: id, target, sent, end } = called;
    let end = end.unwrap_or(CallEnd { at: ended.now, status: None, code: CANCELLED });
    let name = format!("attempt {}", target.upstream_name);
    let times = [ended.at(*sent), ended.at(end.at)];
    let mut span = span(trail, *id, Some(trail.here.span), name, times);
    // No name of the convention for models: whoever reads those would count the request twice.
    let all = &mut span.attributes;
    server(all, target);
    all.push(("http.request.method", Value::text("POST")));
    if let Some(status) = end.status {
        all.push(("http.response.status_code", Value::Count(status.into())));
    }
    if end.code != OK {
        all.push(("error.type", Value::text(end.code)));
        span.error = (end.code != CANCELLED).then(|| end.code.into());
    }
    all.push(("outrigger.attempt", Value::Count(at as u64 + 1)));
    all.push(("outrigger.provider", Value::text(&target.provider.name)));
    all.push(("outrigger.model", Value::text(&target.model)));
    all.push(("outrigger.outcome", Value::text(end.code)));
    span
}

const OK: &str = "ok";
const CANCELLED: &str = outrigger_wire::Kind::Cancelled.code();
