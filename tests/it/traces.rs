//! What a collector of traces is told, and that no request waits for it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A sidecar in front of these providers, traced to `collector`.
async fn traced(policy: Policy, collector: &FakeCollector) -> (ControlPlane, PushedSetup) {
    let plane = ControlPlane::setup(policy).insecure().start().await;
    let setup = plane.sidecar().arg("--otlp-endpoint").arg(collector.url()).arg("--log-format").arg("json");
    (plane, setup)
}

/// Waits until so many are counted.
async fn counted(sidecar: &PushedSidecar, family: &str, labels: &[(&str, &str)], wanted: f64) {
    let began = Instant::now();
    while sidecar.metrics().await.sum(family, labels) < wanted {
        assert!(began.elapsed() < PATIENCE, "waited for {wanted} of {family}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// M6: a request is one span with one below it, in the words of the convention; its provider is told of the attempt's.
#[tokio::test]
async fn a_request_is_one_span_with_one_below_it() {
    let upstream = Upstream::start([chat_ok_usage("hello", 11, 7)]).await;
    let collector = FakeCollector::start().await;
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let (_plane, setup) = traced(policy, &collector).await;
    let setup = setup.arg("--otlp-headers").arg("Authorization=Basic%20a2V5").arg("--pod").arg("web-1");
    let sidecar = setup.arg("--resource-attributes").arg("deployment.environment.name=test").start().await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(answer.status, 200);
    let told = collector.wait(2).await;
    let [request, attempt] = &told[..] else { panic!("{told:#?}") };
    assert_eq!(request.span.name, "chat r");
    for (name, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.request.model", "r"),
        ("gen_ai.response.model", UPSTREAM_MODEL),
        ("gen_ai.usage.input_tokens", "11"),
        ("gen_ai.usage.output_tokens", "7"),
        ("gen_ai.response.finish_reasons", "stop"),
        ("server.address", "127.0.0.1"),
        ("outrigger.outcome", "ok"),
        ("outrigger.attempts", "1"),
        ("outrigger.id", answer.header("x-outrigger-decision-id").unwrap()),
        ("outrigger.policy.revision", &sidecar.revision().await),
        ("error.type", ""),
    ] {
        assert_eq!(request.get(name), value, "{name}");
    }
    assert_eq!(request.of_resource("service.name"), "outrigger-sidecar");
    assert_eq!(request.of_resource("k8s.pod.name"), "web-1");
    assert_eq!(request.of_resource("deployment.environment.name"), "test");
    assert_eq!(request.authorization, "Basic a2V5");
    assert_eq!((request.span.parent_span_id.len(), &attempt.span.parent_span_id), (0, &request.span.span_id));
    assert_eq!((request.failed(), request.span.kind, attempt.span.kind), (false, 3, 3));
    assert!(request.span.start_time_unix_nano <= attempt.span.start_time_unix_nano);
    assert!(attempt.span.start_time_unix_nano <= attempt.span.end_time_unix_nano);
    assert!(attempt.span.end_time_unix_nano <= request.span.end_time_unix_nano);
    assert_eq!(upstream.last().header("traceparent"), Some(attempt.traceparent().as_str()));
    // Content never, keys never.
    let all = format!("{told:?}");
    assert!(!all.contains("hello") && !all.contains("sk-"), "{all}");
    assert!(!sidecar.log().iter().any(|line| line.contains("a2V5")));
    // Counted when the collector's answer has come.
    counted(&sidecar, "outrigger_traces_sent_total", &[], 2.0).await;
    assert_eq!(sidecar.metrics().await.sum("outrigger_traces_dropped_total", &[]), 0.0);
}

/// A failover has an event that says why, and a span for each call; the caller's trace goes on, and each provider is told of its
/// own call.
#[tokio::test]
async fn a_failover_in_a_callers_trace() {
    let a = Upstream::start([Reply::error(503)]).await;
    let b = Upstream::start([chat_ok("hi")]).await;
    let collector = FakeCollector::start().await;
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let (_plane, setup) = traced(policy, &collector).await;
    let sidecar = setup.start().await;
    let client = sidecar.client().header("traceparent", CALLER).header("tracestate", "vendor=1");
    assert_eq!(client.post(CHAT, chat("r")).await.status, 200);
    let told = collector.wait(3).await;
    let [request, first, second] = &told[..] else { panic!("{told:#?}") };
    assert!(request.traceparent().starts_with(&CALLER[..36]), "{}", request.traceparent());
    assert_eq!(request.span.parent_span_id, [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
    assert_eq!(request.span.trace_state, "vendor=1");
    let event = ("outrigger.failover".to_owned(), "overloaded".to_owned());
    assert_eq!(request.events("outrigger.failover.reason"), [event]);
    assert_eq!((first.get("http.response.status_code"), first.get("error.type")), ("503".into(), "overloaded".into()));
    assert!(first.failed() && !second.failed() && !request.failed());
    for (upstream, attempt) in [(&a, first), (&b, second)] {
        let got = upstream.last();
        assert_eq!(got.header("traceparent"), Some(attempt.traceparent().as_str()));
        assert_eq!(got.header("tracestate"), Some("vendor=1"));
    }
}

/// Where nothing is traced, no header is added, and a caller's own passes as it came.
#[tokio::test]
async fn without_a_collector_nothing_is_added() {
    let upstream = Upstream::start([chat_ok("hi"), chat_ok("hi")]).await;
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let plane = ControlPlane::setup(policy).insecure().start().await;
    let sidecar = plane.sidecar().start().await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    assert_eq!(upstream.last().header("traceparent"), None);
    assert_eq!(sidecar.client().header("traceparent", CALLER).post(CHAT, chat("r")).await.status, 200);
    assert_eq!(upstream.last().header("traceparent"), Some(CALLER));
    assert!(!sidecar.admin_client().get("/metrics").await.text().contains("outrigger_traces"));
}

/// A caller that is not sampled is not told, but what failed over is.
#[tokio::test]
async fn what_failed_over_is_told_though_it_was_not_sampled() {
    let a = Upstream::with(|_, at| if at == 1 { Reply::error(503) } else { chat_ok("hi") }).await;
    let b = Upstream::start([chat_ok("hi")]).await;
    let collector = FakeCollector::start().await;
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let (_plane, setup) = traced(policy, &collector).await;
    let sidecar = setup.arg("--traces-sampler").arg("traceidratio").arg("--traces-sampler-arg").arg("0").start().await;
    for _ in 0..2 {
        assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    }
    let told = collector.wait(3).await;
    assert_eq!(told.len(), 3, "{told:#?}");
    assert_eq!(told[0].get("outrigger.attempts"), "2");
    assert!(told[0].traceparent().ends_with("-00"));
}

/// M6: a collector that takes calls and never answers costs requests nothing, and memory that is bounded; what does not fit is
/// counted. The end waits for it a second at most.
#[tokio::test]
async fn a_collector_that_hangs_holds_nobody_up() {
    let upstream = Upstream::with(|_, _| chat_ok("hi")).await;
    let collector = FakeCollector::start().await;
    collector.mute();
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let (_plane, setup) = traced(policy, &collector).await;
    let mut sidecar = setup.start().await;
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
    let metrics = sidecar.metrics().await;
    let dropped = metrics.sum("outrigger_traces_dropped_total", &[("reason", "full")]);
    // 3,000 requests of two spans; 2,048 requests wait, and a batch is on the wire.
    assert!((100.0..=1_904.0).contains(&dropped), "{dropped}");
    let began = Instant::now();
    sidecar.terminate().await;
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

/// What waits at the end is sent before the process is gone.
#[tokio::test]
async fn what_waits_at_the_end_is_sent() {
    let upstream = Upstream::start([chat_ok("hi")]).await;
    let collector = FakeCollector::start().await;
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let (_plane, setup) = traced(policy, &collector).await;
    let mut sidecar = setup.start().await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    assert!(sidecar.terminate().await.success());
    assert_eq!(collector.told().len(), 2);
}

/// A collector that is away for a while gets what waited; one that refuses is not asked again.
#[tokio::test]
async fn what_a_collector_does_not_take_is_tried_or_given_up() {
    let upstream = Upstream::with(|_, _| chat_ok("hi")).await;
    let collector = FakeCollector::start().await;
    collector.away(true);
    let policy = Policy::new().provider("a", upstream.base_url()).route("r", &["a"]);
    let (_plane, setup) = traced(policy, &collector).await;
    let sidecar = setup.start().await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    sidecar.wait_log("traces_lost").await;
    collector.away(false);
    collector.wait(2).await;
    sidecar.wait_log("answers again").await;
    collector.refuse();
    let calls = collector.calls();
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 200);
    counted(&sidecar, "outrigger_traces_dropped_total", &[("reason", "refused")], 2.0).await;
    assert_eq!(collector.calls(), calls + 1);
}

/// What was asked and answered is on the spans of a route that asks for it, in the caller's dialect or another, whole or
/// streamed; on those of any other it is not.
#[tokio::test]
async fn what_was_said_is_told_on_a_route_that_asks_for_it() {
    let upstream =
        Upstream::with(|_, at| if at % 2 == 0 { chat_ok("an answer") } else { chat_stream(["an ", "answer"]) }).await;
    let collector = FakeCollector::start().await;
    let recorded = |route: Route| route.spec("tracing: {messageContent: Recorded}");
    let policy = Policy::new().provider("a", upstream.base_url());
    let policy = policy.route_with("said", &["a"], recorded).route("r", &["a"]);
    let (_plane, setup) = traced(policy, &collector).await;
    let sidecar = setup.start().await;
    let client = sidecar.client();
    let asked = json!({"model": "said", "max_tokens": 64, "system": "be brief",
        "messages": [{"role": "user", "content": "hello"}]});
    let mut streamed = asked.clone();
    streamed["stream"] = true.into();
    for (path, body) in [
        (CHAT, chat("said")),
        (CHAT, chat_streamed("said")),
        ("/v1/messages", asked),
        ("/v1/messages", streamed),
        (CHAT, chat("r")),
        (CHAT, chat_streamed("r")),
    ] {
        assert_eq!(client.post(path, body).await.status, 200);
    }
    let told = collector.wait(12).await;
    let requests: Vec<_> = told.iter().filter(|told| told.span.name.starts_with("chat ")).collect();
    for request in &requests {
        let said = request.get("outrigger.route") == "default/said";
        let read = |name| serde_json::from_str::<serde_json::Value>(&request.get(name)).unwrap_or_default();
        let [asked, answered] = ["gen_ai.input.messages", "gen_ai.output.messages"].map(read);
        let (text, reason) = (&answered[0]["parts"][0]["content"], &answered[0]["finish_reason"]);
        let expected = ["hello", "an answer", "stop"].map(|word| if said { word.into() } else { json!(null) });
        assert_eq!([asked[0]["parts"][0]["content"].clone(), text.clone(), reason.clone()], expected, "{request:#?}");
    }
    assert_eq!(requests.iter().filter(|told| !told.get("gen_ai.system_instructions").is_empty()).count(), 2);
    let attempts = told.iter().filter(|told| told.span.name.starts_with("attempt "));
    assert!(!format!("{:?}", attempts.collect::<Vec<_>>()).contains("answer\""));
}
