//! What the sidecar holds in memory when too much comes at once.

use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Resource, getrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";
/// Callers at one time, where this process may open that many connections.
const CALLERS: usize = 1_500;
const BODY: usize = 150_000;
/// What the container of an injected sidecar may have, in KiB. The bodies of the flood are 440 MiB as they are counted.
const LIMIT: u64 = 160 << 10;

/// K5, K6: bodies of more than the limit together are queued, not held; every caller is answered or told to come back.
///
/// Each caller is a connection of this process, and up to as many lead from the sidecar back into it: where its limit
/// of open files allows fewer than 1,500, as many as it allows are tried.
#[tokio::test]
async fn a_flood_of_large_requests_is_answered_within_bounded_memory() {
    let files = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize);
    let callers = CALLERS.min(files.saturating_sub(400) / 2);
    assert!(callers > 100, "a limit of {files} open files leaves nothing to try");
    // Ready-made: to read 1,500 large requests for the model's name would take longer than to route them.
    let answer = json!({"id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": UPSTREAM_MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}});
    let a = Upstream::start([Reply::json(200, answer).slow_head(300)]).await;
    let sidecar = Sidecar::with_policy(Policy::new().provider("a", a.base_url()).route("r", &["a"])).await;
    let mut request = chat("r");
    request["messages"][0]["content"] = json!("x".repeat(BODY));
    let body = Bytes::from(request.to_string());

    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (client, body) = (sidecar.client(), body.clone());
        flood.spawn(async move { client.post_bytes(CHAT, body).await });
    }
    let (mut peak, mut answered, mut refused) = (sidecar.rss_kib(), 0, 0);
    let mut look = tokio::time::interval(Duration::from_millis(10));
    loop {
        tokio::select! {
            _ = look.tick() => peak = peak.max(sidecar.rss_kib()),
            done = flood.join_next() => {
                let Some(answer) = done.transpose().unwrap() else { break };
                match answer.status {
                    200 => {
                        assert_eq!((answer.said().as_str(), answer.end), ("a", End::Clean));
                        answered += 1;
                    }
                    503 => {
                        assert_eq!(answer.header("x-outrigger-error"), Some("sidecar_overloaded"), "{}", answer.text());
                        refused += 1;
                    }
                    other => panic!("{other}: {}", answer.text()),
                }
            }
        }
    }
    assert_eq!((answered + refused, a.hits()), (callers, answered));
    assert!(answered > 0 && peak < LIMIT, "{peak} KiB, {answered} answered, {refused} refused");
    let metrics = settled(&sidecar, callers).await;
    assert_eq!(metrics.sum("outrigger_requests_in_flight", &[]), 0.0);
}

/// H2: an upstream that talks without saying anything is bounded in what it makes us keep: comments are forgotten, other
/// events end it, and the next target is asked.
#[tokio::test]
async fn what_precedes_content_is_kept_within_bounds() {
    const TALK: usize = 64 << 20;
    let comments = Ev::raw(": ping\n\n".repeat(64 << 10));
    let comments = vec![comments; TALK / (8 * (64 << 10))].into_iter().chain([Ev::stall()]);
    let empty = r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":""}}]}"#;
    let preludes = (0..TALK >> 11).map(|_| Ev::data(empty)).chain([Ev::stall()]);
    let (a, b) = (Upstream::start([Reply::sse(comments)]).await, Upstream::start([Reply::sse(preludes)]).await);
    let c = Upstream::start([chat_stream(["ok"])]).await;
    let policy = Policy::new()
        .provider("a", a.base_url())
        .provider("b", b.base_url())
        .provider("c", c.base_url())
        .route_with("r", &["a", "b", "c"], |route| route.timeouts("firstToken: 4s"));
    let sidecar = Sidecar::with_policy(policy).await;
    let (before, client) = (sidecar.rss_kib(), sidecar.client());
    let mut asked = tokio::spawn(async move { client.stream(CHAT, chat_streamed("r")).await });
    let (mut peak, mut look) = (before, tokio::time::interval(Duration::from_millis(10)));
    let streamed = loop {
        tokio::select! {
            _ = look.tick() => peak = peak.max(sidecar.rss_kib()),
            done = &mut asked => break done.unwrap(),
        }
    };
    assert_eq!((streamed.status, streamed.said().as_str()), (200, "ok"));
    assert!(peak < before + (24 << 10), "{before} KiB before, {peak} KiB at the peak");
    let failed = |provider, outcome| [("provider", provider), ("outcome", outcome)];
    let metrics = settled(&sidecar, 1).await;
    assert_eq!(
        metrics.sum("outrigger_attempts_total", &failed("default/a", "first_token_timeout")),
        1.0,
        "{metrics:?}"
    );
    assert_eq!(metrics.sum("outrigger_attempts_total", &failed("default/b", "malformed_answer")), 1.0, "{metrics:?}");
}

/// H4, H5: large uploads, with and without a length, neither stop nor refuse small requests; what an upload announces and
/// does not send reserves nothing.
#[tokio::test]
async fn small_requests_pass_large_ones() {
    const UPLOAD: usize = 20 << 20;
    // Nobody takes the large ones off our hands: their answers do not come.
    let a = Upstream::with(|request, _| match request.body.len() > UPLOAD {
        true => Reply::hang(),
        false => chat_ok("a"),
    });
    let a = a.await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let before = sidecar.rss_kib();
    let mut large = chat("r");
    large["messages"][0]["content"] = json!("x".repeat(UPLOAD));
    let body = Bytes::from(large.to_string());
    let mut uploads = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (mut socket, body) = (sidecar.client().connect().await, body.clone());
        let (framing, chunk) = match number % 2 {
            0 => (format!("content-length: {}", body.len()), String::new()),
            _ => ("transfer-encoding: chunked".to_owned(), format!("{:x}\r\n", body.len())),
        };
        uploads.spawn(async move {
            let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n\r\n{chunk}");
            for part in [head.as_bytes(), &body, b"\r\n0\r\n\r\n"] {
                socket.write_all(part).await.unwrap();
            }
            socket.read_to_end(&mut Vec::new()).await
        });
    }
    // One that promises as much and sends a byte.
    let mut silent = sidecar.client().connect().await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{{", 60 << 20);
    silent.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..300 {
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!((answer.status, answer.said().as_str()), (200, "a"), "{}", answer.text());
    }
    let peak = sidecar.rss_kib();
    assert!(peak < before + (96 << 10), "{before} KiB before, {peak} KiB beside the uploads");
    uploads.shutdown().await;
}

/// H16: whole answers wait for room, and are answered all the same.
#[tokio::test]
async fn large_answers_are_held_within_bounds() {
    const ANSWER: usize = 16 << 20;
    let answer = json!({"id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": UPSTREAM_MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a".repeat(ANSWER)}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}});
    let a = Upstream::start([Reply::json(200, answer)]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar = Sidecar::setup(policy).arg("--queue-timeout").arg("60s").start().await;
    let before = sidecar.rss_kib();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = sidecar.client();
        callers.spawn(async move { client.post(CHAT, chat("r")).await });
    }
    let (mut peak, mut look) = (before, tokio::time::interval(Duration::from_millis(10)));
    loop {
        tokio::select! {
            _ = look.tick() => peak = peak.max(sidecar.rss_kib()),
            done = callers.join_next() => {
                let Some(answer) = done.transpose().unwrap() else { break };
                assert_eq!((answer.status, answer.end), (200, End::Clean));
                assert!(answer.body.len() > ANSWER);
            }
        }
    }
    // 64 MiB of budget, and what eight connections read ahead.
    assert!(peak < before + (160 << 10), "{before} KiB before, {peak} KiB at the peak");
}

/// H16, H2: an event that is large waits for room as a whole answer does.
#[tokio::test]
async fn large_events_are_held_within_bounds() {
    const EVENT: usize = 6 << 20;
    let large = "a".repeat(EVENT);
    let a = Upstream::start([chat_stream(["begun", &large])]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar =
        Sidecar::setup(policy).arg("--queue-timeout").arg("60s").arg("--answer-budget").arg("20Mi").start().await;
    let before = sidecar.rss_kib();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = sidecar.client();
        callers.spawn(async move { client.stream(CHAT, chat_streamed("r")).await });
    }
    let (mut peak, mut look) = (before, tokio::time::interval(Duration::from_millis(10)));
    loop {
        tokio::select! {
            _ = look.tick() => peak = peak.max(sidecar.rss_kib()),
            done = callers.join_next() => {
                let Some(streamed) = done.transpose().unwrap() else { break };
                assert!(streamed.is_done() && streamed.raw.len() > EVENT, "{}", streamed.raw.len());
            }
        }
    }
    // 20 MiB of budget, and what eight connections read ahead and write.
    assert!(peak < before + (60 << 10), "{before} KiB before, {peak} KiB at the peak");
}

/// H16: who finds no room in time is told so, by name, and no target is blamed for it.
#[tokio::test]
async fn a_large_event_that_finds_no_room_breaks_its_stream() {
    let large = "a".repeat(6 << 20);
    let half = format!("data: {{\"id\":\"x\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{large}");
    let holds = Reply::sse([chat_delta("begun"), Ev::raw(half), Ev::stall()]);
    let a = Upstream::start([holds, chat_stream(["begun", &large])]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let args = ["--queue-timeout", "700ms", "--answer-budget", "16Mi"];
    let sidecar = args.into_iter().fold(Sidecar::setup(policy), |setup, arg| setup.arg(arg)).start().await;
    let mut holder = sidecar.client().open(CHAT, chat_streamed("r")).await;
    assert!(holder.next().await.is_some());
    while sidecar.metrics().await.sum("outrigger_buffered_bytes", &[]) < (11 << 20) as f64 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let streamed = sidecar.client().stream(CHAT, chat_streamed("r")).await;
    assert!(!streamed.is_done() && streamed.raw.len() < 4096, "{streamed:?}");
    let told = String::from_utf8_lossy(&streamed.raw).into_owned();
    assert!(told.contains("begun") && told.contains("sidecar_overloaded"), "{told}");
    drop(holder);
    let metrics = settled(&sidecar, 2).await;
    assert!(!metrics.has("outrigger_cooldowns_total", &[]));
    let again = sidecar.client().stream(CHAT, chat_streamed("r")).await;
    assert!(again.is_done(), "{} bytes", again.raw.len());
}
