//! What a span says, from the record's fields.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue};
use outrigger_route::{
    Target,
    snapshot::{Operations, Provider},
    words::{Modalities, Parameters, Quantization},
};
use outrigger_wire::{AuthScheme, Dialect, Dialects, Operation, Usage};

use super::{
    Sampler, Span, Tracer, Value,
    told::{Ended, spans},
    trail::{CallEnd, Decision, Trail},
};
use crate::metrics::outcome::Outcome;

fn target(slug: &str) -> Arc<Target> {
    let dialects = Dialects::only(Dialect::ChatCompletions);
    let provider = Provider {
        name: format!("ai/{slug}").into(),
        slug: slug.into(),
        short_name: slug.into(),
        display: slug.into(),
        dialects,
        base_url: "https://api.example.com/v1".into(),
        authorities: None,
        auth: AuthScheme::Bearer,
        credentials: [].into(),
        region: None,
        trains: None,
        retention: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        headers: Vec::new(),
    };
    Arc::new(Target {
        slot: 0,
        id: 7,
        provider: Arc::new(provider),
        model: "mistral/large".into(),
        upstream_name: "mistral-large-2512".into(),
        operations: Operations::of_dialects(&dialects),
        quantization: Quantization::Unknown,
        prices: None,
        context_length: None,
        max_output: None,
        input_modalities: Modalities::all(),
        parameters: Parameters::all(),
    })
}

fn trail(headers: &HeaderMap) -> Arc<Trail> {
    let (tracer, _, _) = Tracer::new(Sampler::read("", "").unwrap());
    Trail::begin(&Arc::new(tracer), headers)
}

fn made(trail: &Trail, ended: &Ended<'_>) -> Vec<Span> {
    let mut made = Vec::new();
    trail.tell(|trail, notes| {
        made = spans(trail, notes, ended);
        Vec::new()
    });
    made
}

const S: Duration = Duration::from_secs(1);

fn ended<'a>(served: Option<&'a Target>, usage: &'a Usage, requested: &'a str) -> Ended<'a> {
    Ended {
        id: "gen-1",
        operation: Operation::Messages,
        route: "ai/smart",
        requested,
        streamed: true,
        served,
        outcome: Outcome::Ok,
        code: "ok",
        status: 200,
        usage,
        finish: Some("end_turn"),
        cost: Some(1_500_000),
        attempts: 1,
        opened: SystemTime::UNIX_EPOCH + 100 * S,
        started: 10 * S,
        first_token: Some(12 * S),
        now: 15 * S,
    }
}

/// All that a span says, and nothing else.
#[test]
fn a_span_says_this() {
    let (target, trail) = (target("mistral"), trail(&HeaderMap::new()));
    trail.decided(Decision { revision: "0123456789abcdef".into(), strategy: "priority" });
    trail.mark(&mut HeaderMap::new(), &target, 11 * S);
    trail.ended(&target, CallEnd { at: 15 * S, status: Some(200), code: "ok" });
    let usage = Usage {
        input: Some(100),
        output: Some(20),
        cache_read: Some(64),
        cache_write_5m: Some(3),
        cache_write_1h: Some(4),
        reasoning: Some(5),
        ..Usage::default()
    };
    let spans = made(&trail, &ended(Some(&target), &usage, "smart"));
    let told: Vec<String> = spans.iter().map(|span| format!("{} {:?}", span.name, span.attributes)).collect();
    assert_eq!(
        told,
        [
            "chat smart [(\"gen_ai.operation.name\", Text(\"chat\")), (\"gen_ai.request.model\", Text(\"smart\")), \
             (\"gen_ai.request.stream\", Flag(true)), (\"gen_ai.provider.name\", Text(\"mistral_ai\")), \
             (\"server.address\", Text(\"api.example.com\")), (\"server.port\", Count(443)), \
             (\"gen_ai.response.model\", Text(\"mistral-large-2512\")), (\"outrigger.provider\", Text(\"ai/mistral\")), \
             (\"outrigger.model\", Text(\"mistral/large\")), (\"gen_ai.response.finish_reasons\", Texts([\"end_turn\"])), \
             (\"gen_ai.response.time_to_first_chunk\", Measure(2.0)), (\"gen_ai.usage.input_tokens\", Count(100)), \
             (\"gen_ai.usage.output_tokens\", Count(20)), (\"gen_ai.usage.cache_read.input_tokens\", Count(64)), \
             (\"gen_ai.usage.cache_creation.input_tokens\", Count(7)), \
             (\"gen_ai.usage.reasoning.output_tokens\", Count(5)), (\"http.response.status_code\", Count(200)), \
             (\"outrigger.id\", Text(\"gen-1\")), (\"outrigger.outcome\", Text(\"ok\")), \
             (\"outrigger.route\", Text(\"ai/smart\")), (\"outrigger.attempts\", Count(1)), \
             (\"outrigger.policy.revision\", Text(\"0123456789abcdef\")), (\"outrigger.strategy\", Text(\"priority\")), \
             (\"outrigger.cost_usd\", Measure(0.0015))]",
            "attempt mistral-large-2512 [(\"server.address\", Text(\"api.example.com\")), (\"server.port\", Count(443)), \
             (\"http.request.method\", Text(\"POST\")), (\"http.response.status_code\", Count(200)), (\"outrigger.attempt\", Count(1)), \
             (\"outrigger.provider\", Text(\"ai/mistral\")), (\"outrigger.model\", Text(\"mistral/large\")), \
             (\"outrigger.outcome\", Text(\"ok\"))]",
        ]
    );
    let times: Vec<u64> = spans.iter().flat_map(|span| [span.began, span.ended]).map(since).collect();
    assert_eq!(times, [100, 105, 101, 105]);
}

fn since(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// What callers say at length is cut; a request that got nowhere has what is known of it.
#[test]
fn a_callers_words_are_cut() {
    let (long, usage) = ("é".repeat(1_000), Usage::default());
    let spans = made(&trail(&HeaderMap::new()), &ended(None, &usage, &long));
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].name, format!("chat {}", "é".repeat(64)));
    assert!(crate::outbox::Told::bytes(&spans[0]) < 4 << 10, "{} bytes", crate::outbox::Told::bytes(&spans[0]));
}

/// A caller that left is nobody's error, nor is the call that it left behind.
#[test]
fn what_was_let_go_is_no_error() {
    let (target, trail, usage) = (target("openai"), trail(&HeaderMap::new()), Usage::default());
    trail.mark(&mut HeaderMap::new(), &target, 11 * S);
    let cancelled = Ended { outcome: Outcome::Cancelled, code: "cancelled", status: 499, ..ended(None, &usage, "r") };
    let spans = made(&trail, &cancelled);
    let told =
        |span: &Span| (span.error.is_none(), span.attributes.contains(&("error.type", Value::text("cancelled"))));
    assert_eq!(spans.iter().map(told).collect::<Vec<_>>(), [(true, true); 2]);
}

/// What is sent once more is the same call, and says so; who is asked again later is another.
#[test]
fn a_call_has_one_name_however_often_it_is_sent() {
    let (target, trail) = (target("openai"), trail(&HeaderMap::new()));
    let marked = |at| {
        let mut headers = HeaderMap::new();
        trail.mark(&mut headers, &target, at);
        headers["traceparent"].to_str().unwrap().to_owned()
    };
    let first = marked(S);
    assert_eq!(marked(2 * S), first);
    trail.ended(&target, CallEnd { at: 3 * S, status: None, code: "connection_reset" });
    assert_ne!(marked(4 * S), first);
    assert_eq!(trail.calls(), 2);
}

/// Providers get the caller's `tracestate` with a trace that goes on, and none that belongs to nothing.
#[test]
fn a_state_without_a_parent_goes_nowhere() {
    let target = target("openai");
    let told = |parent: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static(parent));
        headers.insert("tracestate", HeaderValue::from_static("vendor=1"));
        let trail = trail(&headers);
        trail.mark(&mut headers, &target, S);
        assert_ne!(headers["traceparent"], parent);
        (headers["traceparent"].to_str().unwrap()[..35].to_owned(), headers.contains_key("tracestate"))
    };
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(told(good), (good[..35].to_owned(), true));
    assert!(!told("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01").1);
}
