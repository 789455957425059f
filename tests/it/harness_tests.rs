//! The harness held to its word, without a sidecar: a script that lied would make every story about it worthless.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn replies_come_in_order_and_the_last_one_repeats() {
    let up = Upstream::start([Reply::error(429).header("retry-after", "1"), chat_ok("hello")]).await;
    let client = Client::new(up.addr()).header("x-test", "yes");
    let first = client.post(CHAT, chat("r")).await;
    assert_eq!((first.status, first.header("Retry-After")), (429, Some("1")));
    assert_eq!(first.json()["error"]["code"], "rate_limit_exceeded");
    for _ in 0..2 {
        let answer = client.post(CHAT, chat("r")).await;
        assert_eq!((answer.status, answer.said(), answer.end), (200, "hello".to_owned(), End::Clean));
        assert_eq!(answer.json()["model"], "r");
    }
    let seen = up.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str(), seen.header("X-Test")), ("POST", CHAT, Some("yes")));
    assert_eq!((seen.json(), up.hits(), up.connections()), (chat("r"), 3, 3));
}

#[tokio::test]
async fn a_closure_sees_the_request_and_its_number() {
    let up = Upstream::with(|request, number| Reply::json(200, json!([request.path, number]))).await;
    let client = Client::new(up.addr());
    client.get("/a").await;
    assert_eq!(client.get("/b").await.json(), json!(["/b", 1]));
}

#[tokio::test]
async fn a_stream_is_paced_and_ends_clean_with_usage_only_when_asked() {
    let up = Upstream::start([chat_stream(["Hel", "lo"]).every(30)]).await;
    let client = Client::new(up.addr());
    let plain = client.stream(CHAT, chat_streamed("r")).await;
    assert_eq!((plain.said().as_str(), plain.is_done(), plain.end), ("Hello", true, End::Clean));
    assert_eq!(plain.events.len(), 5);
    assert!(plain.events[4].after - plain.events[0].after >= Duration::from_millis(110), "{:?}", plain.events);

    let asked = client.stream(CHAT, chat_streamed_with_usage("r")).await;
    let usage = asked.events[4].json();
    assert_eq!((&usage["choices"], &usage["usage"]["total_tokens"]), (&json!([]), &json!(18)));
    assert_eq!(asked.events.len(), 6);
}

#[tokio::test]
async fn named_events_and_comments_are_told_apart() {
    let up = Upstream::start([Reply::sse([
        Ev::comment("warm"),
        Ev::named("ping", "{}"),
        Ev::raw("data: a\r\ndata: b\r"),
        Ev::raw("\n\r\n"),
    ])])
    .await;
    let streamed = Client::new(up.addr()).stream("/", "").await;
    let told: Vec<_> = streamed.events.iter().map(|event| (event.name.as_deref(), event.data.as_str())).collect();
    assert_eq!(told, [(None, ""), (Some("ping"), "{}"), (None, "a\nb")]);
    assert_eq!(streamed.events[0].comment, "warm");
}

#[tokio::test]
async fn a_cut_stream_is_abnormal_and_keeps_what_was_sent() {
    for cut in [chat_stream(["Hel", "lo"]).eof_after(2), chat_stream(["Hel", "lo"]).reset_after(2)] {
        let up = Upstream::start([cut]).await;
        let streamed = Client::new(up.addr()).stream(CHAT, chat_streamed("r")).await;
        assert_eq!((streamed.said().as_str(), streamed.events.len(), streamed.end), ("Hel", 2, End::Abnormal));
    }
    let up = Upstream::start([Reply::json(200, "{\"a\":1}").eof_after(3)]).await;
    let answer = Client::new(up.addr()).get("/").await;
    assert_eq!((answer.text().as_str(), answer.end), ("{\"a", End::Abnormal));
}

#[tokio::test]
async fn rude_replies_give_no_head() {
    for rude in [Reply::refuse(), Reply::close_before_head(), Reply::raw("SSH-2.0-nope\r\n")] {
        let up = Upstream::start([rude.clone(), chat_ok("polite again")]).await;
        let client = Client::new(up.addr());
        assert!(client.try_post(CHAT, chat("r")).await.is_err(), "{rude:?}");
        assert_eq!(client.post(CHAT, chat("r")).await.said(), "polite again");
    }
    let refused = TcpStream::connect(refused_addr()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_slow_head_is_late_by_as_much_as_told() {
    let up = Upstream::start([chat_ok("late").slow_head(120)]).await;
    let answer = Client::new(up.addr()).post(CHAT, chat("r")).await;
    assert!(answer.head_after >= Duration::from_millis(120), "{:?}", answer.head_after);
}

#[tokio::test]
async fn the_moment_a_caller_hangs_up_is_noted() {
    let endless = Reply::sse([chat_delta("a"), Ev::stall()]);
    let up = Upstream::start([Reply::hang(), endless, chat_ok("whole")]).await;
    let client = Client::new(up.addr());

    let hung = tokio::time::timeout(Duration::from_millis(50), client.post(CHAT, chat("r"))).await;
    assert!(hung.is_err(), "nothing is answered");
    let left = Instant::now();
    assert!(up.wait_closed(0).await.saturating_duration_since(left) < AT_ONCE);

    let mut streaming = client.open(CHAT, chat_streamed("r")).await;
    assert!(streaming.next().await.is_some() && streaming.end().is_none());
    assert_eq!((up.requests()[1].closed_at, up.open_connections()), (None, 1));
    drop(streaming);
    up.wait_closed(1).await;

    client.post(CHAT, chat("r")).await;
    assert_eq!(up.wait_for(3).await[2].closed_at, None, "it had its answer");
}

/// Sends a request on a kept connection and reads the answer's head and two bytes of body.
async fn on(socket: &mut TcpStream) -> std::io::Result<String> {
    socket.write_all(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n").await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok") {
        if socket.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn connections_are_kept_until_the_script_lets_them_go_stale() {
    let ok = || Reply::bytes(200, "text/plain", "ok");
    let up = Upstream::start([ok(), ok().then_close_silently(), ok().then_close()]).await;
    let mut socket = Client::new(up.addr()).connect().await;
    on(&mut socket).await.unwrap();
    let second = on(&mut socket).await.unwrap();
    assert!(!second.contains("close"), "it promises to stay: {second}");
    assert_eq!(up.last().body, "abcd");
    assert_eq!((up.hits(), up.connections()), (2, 1));
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(on(&mut socket).await.is_err(), "and has gone");

    let mut socket = Client::new(up.addr()).connect().await;
    assert!(on(&mut socket).await.unwrap().contains("connection: close"));
    assert_eq!(socket.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_stopped_upstream_closes_everything() {
    let up = Upstream::start([Reply::sse([chat_delta("a"), Ev::stall()])]).await;
    let mut streaming = Client::new(up.addr()).open(CHAT, chat_streamed("r")).await;
    streaming.next().await;
    let addr = up.addr();
    up.stop().await;
    assert_eq!(streaming.collect().await.end, End::Abnormal);
    assert!(TcpStream::connect(addr).await.is_err());
}

#[test]
fn policy_is_written_in_the_language_of_kubectl() {
    let policy = Policy::new()
        .provider("a", "http://127.0.0.1:1/v1")
        .provider_with("b", "http://127.0.0.1:2/v1", |provider| {
            provider.preset("anthropic").credential("one", "sk-1", 3).priced("test/m", "claude-up", "3", "15")
        })
        .route_with("r", &["a", "b"], |route| route.failover("attempts: 2").spec("note:\n  deep: 1"));
    let expected = r#"apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: a, namespace: default}
spec:
  preset: openai
  baseURL: "http://127.0.0.1:1/v1"
  credentials:
  - {name: main, secretKeyRef: {name: keys, key: a}, weight: 1}
  models:
  - {model: test/m, upstreamName: m-up, prices: {input: "1", output: "2"}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelProvider
metadata: {name: b, namespace: default}
spec:
  preset: anthropic
  baseURL: "http://127.0.0.1:2/v1"
  credentials:
  - {name: one, secretKeyRef: {name: keys, key: b-one}, weight: 3}
  models:
  - {model: test/m, upstreamName: claude-up, prices: {input: "3", output: "15"}}
---
apiVersion: outrigger.dev/v1alpha1
kind: ModelRoute
metadata: {name: r, namespace: default}
spec:
  targets:
  - {model: test/m, provider: a, priority: 0, weight: 1}
  - {model: test/m, provider: b, priority: 1, weight: 1}
  strategy: Priority
  failover: {attempts: 2}
  note:
    deep: 1
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: default}
stringData:
  a: "sk-test-a"
  b-one: "sk-1"
"#;
    assert_eq!(policy.to_string(), expected);
}

#[test]
fn metrics_are_summed_over_the_labels_not_named() {
    let text = "# HELP x y\nx_total{route=\"r\",target=\"a b\"} 2\nx_total{route=\"r\",target=\"c\"} 3\nup 1\n";
    let metrics = Metrics::parse(text);
    assert_eq!(metrics.sum("x_total", &[("route", "r")]), 5.0);
    assert_eq!(metrics.sum("x_total", &[("target", "a b")]), 2.0);
    assert_eq!(metrics.sum("up", &[]), 1.0);
    assert!(!metrics.has("x_total", &[("get", "c")]));
}
