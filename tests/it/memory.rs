//! What the sidecar holds in memory when too much comes at once.

use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Resource, getrlimit};
use serde_json::json;

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";
/// Callers at one time, where this process may open that many connections.
const CALLERS: usize = 1_500;
const BODY: usize = 150_000;

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
    assert!(answered > 0 && peak < 128 << 10, "{peak} KiB, {answered} answered, {refused} refused");
    let metrics = settled(&sidecar, callers).await;
    assert_eq!(metrics.sum("outrigger_requests_in_flight", &[]), 0.0);
}
