//! What is traced: one span for a request, one below it for each call, on a clock that stands still.

use http::HeaderValue;

use super::{Stage, books::Told};
use crate::trace::{Sampler, Span, SpanId, Spans, Tracer, Value};

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn traced(script: &str, sampler: &str) -> (Stage, Spans) {
    let (tracer, spans, _) = Tracer::new(Sampler::read(sampler, "").unwrap());
    let told = Told { tracer: Some(tracer), ..Told::default() };
    (Stage::telling(script, |route| route.failover.continue_on_break = true, told), spans)
}

fn read(spans: &mut Spans) -> Vec<Span> {
    spans.now(1_000).map(|batch| batch.items.clone()).unwrap_or_default()
}

fn value(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|(known, _)| *known == name);
    match found.map(|(_, value)| value) {
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Count(count)) => count.to_string(),
        Some(other) => format!("{other:?}"),
        None => "-".to_owned(),
    }
}

/// Each span as its name, how long after the first it began and how long it took, its outcome and status, and its events.
fn told(spans: &[Span]) -> Vec<String> {
    let first = spans[0].began;
    let seconds = |from, to: std::time::SystemTime| to.duration_since(from).unwrap().as_secs();
    spans
        .iter()
        .map(|span| {
            let events: String = span
                .events
                .iter()
                .map(|event| format!(" [{}@{} {:?}]", event.name, seconds(first, event.at), event.attributes[0].1))
                .collect();
            format!(
                "{} @{}+{} {} {} {}{events}",
                span.name,
                seconds(first, span.began),
                seconds(span.began, span.ended),
                value(span, "outrigger.provider"),
                value(span, "outrigger.outcome"),
                value(span, "http.response.status_code"),
            )
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_is_one_span_with_one_below_it() {
    let (stage, mut spans) = traced("a: ok after 2s", "");
    stage.ask(false).await;
    let spans = read(&mut spans);
    assert_eq!(told(&spans), ["chat r @0+2 ns/a ok 200", "attempt m @0+2 ns/a ok 200"]);
    let [request, call] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((request.parent, call.parent), (None, Some(request.id)));
    assert_eq!(request.trace, call.trace);
    assert_eq!(value(request, "gen_ai.response.finish_reasons"), "Texts([\"stop\"])");
    assert_eq!(value(request, "outrigger.route"), "ns/r");
    assert_eq!((value(call, "server.address"), value(call, "server.port")), ("a".to_owned(), "80".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_failover_is_an_event_between_two_calls() {
    let (stage, mut spans) = traced("a: 503 after 1s | b: ok after 2s", "");
    stage.ask(false).await;
    assert_eq!(
        told(&read(&mut spans)),
        [
            "chat r @0+3 ns/b ok 200 [outrigger.failover@1 Text(\"overloaded\")]",
            "attempt m @0+1 ns/a overloaded 503",
            "attempt m @1+2 ns/b ok 200",
        ]
    );
}

/// The last of them is followed by nobody, and what was not sent is no call.
#[tokio::test(start_paused = true)]
async fn what_failed_everywhere_ends_in_an_error() {
    let (stage, mut spans) = traced("a: refuse | b: 503", "");
    stage.ask(false).await;
    let spans = read(&mut spans);
    assert_eq!(spans[0].events.len(), spans.len() - 2, "{spans:?}");
    assert_eq!(spans[0].error.as_deref(), Some("all_attempts_failed"));
    let errors: Vec<_> = spans[1..3].iter().map(|span| span.error.as_deref()).collect();
    assert_eq!(errors, [Some("connect_failed"), Some("overloaded")]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_says_so() {
    let (stage, mut spans) = traced("a: hi@1s cut", "");
    stage.ask(true).await;
    let spans = read(&mut spans);
    assert_eq!(told(&spans)[1], "attempt m @0+1 ns/a connection_reset 200");
    assert_eq!(spans[0].error.as_deref(), Some("connection_reset"));
    assert_eq!(value(&spans[0], "gen_ai.response.time_to_first_chunk"), "Measure(1.0)");
}

#[tokio::test(start_paused = true)]
async fn the_callers_trace_goes_on() {
    let (mut stage, mut spans) = traced("a: ok", "");
    stage.headers.insert("traceparent", HeaderValue::from_static(CALLER));
    stage.headers.insert("tracestate", HeaderValue::from_static("vendor=1"));
    stage.ask(false).await;
    let told = read(&mut spans);
    assert_eq!(told[0].parent, Some(SpanId([0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7])));
    assert_eq!((told[0].trace.0[0], &*told[0].state, told[0].sampled), (0x4b, "vendor=1", true));
    // Of two, none is believed.
    stage.headers.append("traceparent", HeaderValue::from_static(CALLER));
    stage.ask(false).await;
    assert_eq!(read(&mut spans)[0].parent, None);
}

/// A caller that is not sampled is not told, until something goes wrong.
#[tokio::test(start_paused = true)]
async fn what_failed_over_or_broke_is_told_all_the_same() {
    for (script, streamed, sampler, spans_told) in [
        ("a: ok", false, "", 0),
        ("a: 503 | b: ok", false, "", 3),
        ("a: 400", false, "", 2),
        ("a: hi@0s cut", true, "", 2),
        ("a: 503 | b: ok", false, "always_off", 0),
        ("a: ok", false, "always_on", 2),
    ] {
        let (mut stage, mut spans) = traced(script, sampler);
        stage.headers.insert("traceparent", HeaderValue::try_from(CALLER.replace("-01", "-00")).unwrap());
        stage.ask(streamed).await;
        assert_eq!(read(&mut spans).len(), spans_told, "{script} {sampler}");
    }
}

/// M6: nobody reads, and requests go on as before.
#[tokio::test(start_paused = true)]
async fn whoever_reads_nothing_holds_nobody_up() {
    let (stage, mut spans) = traced("a: ok", "");
    for _ in 0..2_100 {
        assert_eq!(stage.ask(false).await.end, "ok@0s");
    }
    assert_eq!(read(&mut spans).len(), 1_000);
    let page = stage.page();
    let dropped = page.lines().find(|line| line.starts_with("outrigger_traces_dropped_total{reason=\"full\"}"));
    assert_ne!(dropped, None, "{page}");
    assert!(!dropped.unwrap().ends_with(" 0"), "{dropped:?}");
}

fn speaking(script: &str, sampler: &str, asks: bool) -> (Stage, Spans) {
    let (tracer, spans, _) = Tracer::new(Sampler::read(sampler, "").unwrap());
    let told = Told { tracer: Some(tracer), ..Told::default() };
    (Stage::telling(script, |route| route.traces_content = asks, told), spans)
}

const SAID: [&str; 2] = ["gen_ai.input.messages", "gen_ai.output.messages"];

/// What was asked and answered is on a request's span where its route asks for that, and nowhere else.
#[tokio::test(start_paused = true)]
async fn what_was_said_is_told_where_a_route_asks_for_it() {
    for (streamed, script, word) in [(false, "a: 503 | b: ok", "x"), (true, "a: 503 | b: hi@0s stop@0s end", "hi")] {
        let content = format!(r#""content":"{word}""#);
        let (stage, mut spans) = speaking(script, "", true);
        stage.ask(streamed).await;
        let told = read(&mut spans);
        let [asked, answered] = SAID.map(|name| value(&told[0], name));
        assert!(asked.starts_with(r#"[{"parts":[{"content":"#) && asked.contains(r#""role":"user""#), "{asked}");
        assert!(answered.contains(&content) && answered.contains(r#""finish_reason":"stop""#), "{answered}");
        for call in &told[1..] {
            assert_eq!(SAID.map(|name| value(call, name)), ["-", "-"]);
        }
        let (stage, mut spans) = speaking(script, "", false);
        stage.ask(streamed).await;
        let told = format!("{:?}", read(&mut spans));
        assert!(!told.contains("messages") && !told.contains("content"), "{told}");
    }
}

/// Of what is told only since it broke, the answer was not heard; where nothing is ever told, nothing is kept.
#[tokio::test(start_paused = true)]
async fn what_is_told_by_accident_says_what_was_asked_alone() {
    let (stage, mut spans) = speaking("a: hi@0s cut", "traceidratio", true);
    stage.ask(true).await;
    assert!(value(&read(&mut spans)[0], SAID[1]).contains(r#""finish_reason":"error""#));
    let (stage, mut spans) = speaking("a: hi@0s cut", "parentbased_always_off", true);
    stage.ask(true).await;
    let told = read(&mut spans);
    let [asked, answered] = SAID.map(|name| value(&told[0], name));
    assert!(asked.contains("user") && answered == "-", "{asked} {answered}");
}
