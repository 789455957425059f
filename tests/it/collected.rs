//! Decisions that a collector is told as logs, and what `outrigger run` tells one.

use std::time::Instant;

use serde_json::json;

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

fn collected(policy: impl Into<String>, collector: &FakeCollector) -> Setup {
    let setup = Sidecar::setup(policy).arg("--otlp-endpoint").arg(collector.url());
    setup.arg("--decision-log-to").arg("otlp").arg("--decision-log")
}

/// M5, M6: a decision is a log record of the request's span, with what a line on standard output has, and nothing that anybody said;
/// standard output has none of it.
#[tokio::test]
async fn a_decision_is_a_log_record_of_its_span() {
    let broken = Reply::json(500, json!({"error": {"message": "answer-canary"}}));
    let a = Upstream::start([broken, chat_ok("answer-canary")]).await;
    let b = Upstream::start([chat_ok_usage("answer-canary", 11, 7)]).await;
    let collector = FakeCollector::start().await;
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let mut sidecar = collected(policy, &collector).arg("failures").start().await;
    let client = sidecar.client().header("authorization", "Bearer caller-canary");
    let mut request = chat("r");
    request["messages"][0]["content"] = "prompt-canary".into();
    let moved = client.post(CHAT, request.clone()).await;
    let id = moved.header("x-outrigger-decision-id").unwrap().to_owned();
    // The second goes well, and is not told.
    assert_eq!((moved.status, client.post(CHAT, request).await.status), (200, 200));
    let spans = collector.wait(5).await;
    let logs = collector.wait_logs(1).await;
    let [record] = &logs[..] else { panic!("{logs:#?}") };
    for (name, value) in [
        ("id", id.as_str()),
        ("route", "default/r"),
        ("outcome", "ok"),
        ("input_tokens", "11"),
        ("output_tokens", "7"),
        ("streamed", "false"),
    ] {
        assert_eq!(of_body(record, name), value, "{name}");
    }
    let attempts = of_body(record, "attempts");
    assert!(attempts.contains("code=server_error") && attempts.contains("code=ok"), "{attempts}");
    assert_eq!((record.event_name.as_str(), record.severity_text.as_str()), ("outrigger.decision", "WARN"));
    let span = spans.iter().find(|told| told.get("outrigger.id") == id).unwrap();
    assert_eq!((&record.trace_id, &record.span_id), (&span.span.trace_id, &span.span.span_id));
    let all = format!("{logs:?}");
    for canary in ["prompt-canary", "answer-canary", "caller-canary", "sk-test"] {
        assert!(!all.contains(canary), "{canary} in {all}");
    }
    assert_eq!(sidecar.metrics().await.sum("outrigger_decisions_dropped_total", &[]), 0.0);
    sidecar.sigterm();
    sidecar.wait().await;
    assert_eq!(sidecar.wait_printed(0).await, Vec::<serde_json::Value>::new());
}

/// M6: a collector that takes calls and never answers costs requests nothing; what does not fit is counted.
#[tokio::test]
async fn a_collector_that_hangs_holds_nobody_up() {
    let upstream = Upstream::with(|_, _| chat_ok("hi")).await;
    let collector = FakeCollector::start().await;
    collector.mute();
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let mut sidecar = collected(policy, &collector).arg("all").start().await;
    let client = sidecar.client();
    for _ in 0..30 {
        let asked = (0..100).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.post(CHAT, chat("r")).await.status })
        });
        for asked in asked.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap(), 200);
        }
    }
    let dropped = sidecar.metrics().await.sum("outrigger_decisions_dropped_total", &[]);
    // Of 3,000 at most 2,048 wait, and a batch is on the wire.
    assert!((100.0..3_000.0).contains(&dropped), "{dropped}");
    let began = Instant::now();
    sidecar.sigterm();
    sidecar.wait().await;
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

/// `outrigger run` has what a sidecar has: spans go to a collector, the last of them at its end, under a name of its own.
#[tokio::test]
async fn outrigger_run_traces_too() {
    let upstream = Upstream::start([chat_ok("hi")]).await;
    let collector = FakeCollector::start().await;
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let setup = Sidecar::setup(policy).env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    let mut sidecar = setup.start().await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    sidecar.sigterm();
    assert!(sidecar.wait().await.success());
    let told = collector.told();
    let [request, attempt] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((request.span.name.as_str(), request.of_resource("service.name").as_str()), ("chat r", "outrigger"));
    assert_eq!(upstream.last().header("traceparent"), Some(attempt.traceparent().as_str()));
}

/// Decisions that nobody would get are no silence.
#[tokio::test]
async fn decisions_need_a_collector_that_is_named() {
    let policy = Policy::new().provider("a", "http://127.0.0.1:9").route("r", &["a"]);
    let exit = Sidecar::setup(policy).arg("--decision-log-to").arg("otlp").run_to_exit().await;
    let said = exit.log.join("\n");
    assert!(!exit.status.success() && said.contains("--otlp-endpoint"), "{said}");
}
