//! A caller that leaves: its upstream call ends with it, and nobody is blamed.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    harness::*,
    surfaces::{Surface, on_each, settled},
};

/// Sends a request, waits until the upstream has it, and hangs up.
async fn ask_and_leave(sidecar: &Sidecar, up: &Upstream, surface: Surface, request: Value) -> Instant {
    let client = sidecar.client();
    let seen = up.hits();
    tokio::select! {
        answer = client.post(surface.path(), request) => panic!("nobody was to answer: {answer:?}"),
        _ = up.wait_for(seen + 1) => {}
    }
    Instant::now()
}

/// X1: behind the first content the upstream call ends with the caller.
#[tokio::test]
async fn leaving_a_stream_hangs_up_on_the_provider() {
    on_each(async |surface| {
        let up = Upstream::start([Reply::sse(surface.begun(&["Hel"]).into_iter().chain([Ev::stall()]))]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let mut streaming = sidecar.client().open(surface.path(), surface.request()).await;
        assert!(streaming.next().await.is_some());
        drop(streaming);
        let left = Instant::now();
        assert!(up.wait_closed(0).await.saturating_duration_since(left) < AT_ONCE, "{surface:?}");
    })
    .await;
}

/// X1: before the first content, streamed or not, and in the middle of an answer that is not streamed.
#[tokio::test]
async fn leaving_before_an_answer_hangs_up_on_the_provider() {
    on_each(async |surface| {
        let half = Reply::chunked(200, "application/json", [Ev::raw("{\"id\":"), Ev::stall()]);
        let quiet = Reply::sse(surface.prelude().into_iter().chain([Ev::stall()]));
        let up = Upstream::start([Reply::hang(), half, Reply::hang(), quiet]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let requests = [surface.whole_request(), surface.whole_request(), surface.request(), surface.request()];
        for (number, request) in requests.into_iter().enumerate() {
            let left = ask_and_leave(&sidecar, &up, surface, request).await;
            let closed = up.wait_closed(number).await.saturating_duration_since(left);
            assert!(closed < AT_ONCE, "{surface:?} {number}: {closed:?}");
        }
        let metrics = settled(&sidecar, 4).await;
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "cancelled")]), 4.0, "{surface:?}");
        assert_eq!(metrics.sum("outrigger_requests_in_flight", &[]), 0.0, "{surface:?}");
    })
    .await;
}

/// X1: a caller that leaves in the wait before a retry takes the retry with it.
#[tokio::test]
async fn leaving_in_a_retry_wait_ends_the_request() {
    on_each(async |surface| {
        let up = Upstream::start([Reply::error(429).header("retry-after", "1"), surface.stream(&["too late"])]).await;
        let policy = surface.policy(&[&up], |route| route.failover("attempts: 3, maxWait: 5s"));
        let sidecar = Sidecar::with_policy(policy).await;
        let client = sidecar.client();
        let asked = client.post(surface.path(), surface.request());
        let waited = tokio::time::timeout(Duration::from_millis(300), asked);
        assert!(waited.await.is_err(), "{surface:?}: it waits before it asks again");
        let left = Instant::now();
        let metrics = settled(&sidecar, 1).await;
        assert!(left.elapsed() < AT_ONCE, "{surface:?}: {:?}", left.elapsed());
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "cancelled")]), 1.0, "{surface:?}");
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!(up.hits(), 1, "{surface:?}: the wait is over and nobody asked again");
    })
    .await;
}

/// X1: the second attempt is hung up on as the first one would be.
#[tokio::test]
async fn leaving_in_a_fallback_hangs_up_on_the_fallback() {
    on_each(async |surface| {
        let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([Reply::hang()]).await);
        let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
        let left = ask_and_leave(&sidecar, &b, surface, surface.whole_request()).await;
        assert!(b.wait_closed(0).await.saturating_duration_since(left) < AT_ONCE, "{surface:?}");
        let metrics = settled(&sidecar, 1).await;
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "cancelled")]), 1.0, "{surface:?}");
        let line = sidecar.wait_log("outcome=\"cancelled\"").await;
        assert!(line.contains("default/a: 500 server_error"), "what was tried is told: {line}");
    })
    .await;
}

/// X2: many callers that leave are no outage: no failure, no cooldown, the provider stays first choice.
#[tokio::test]
async fn a_cancelled_request_is_nobodys_failure() {
    on_each(async |surface| {
        let stalled = Reply::sse(surface.begun(&["Hel"]).into_iter().chain([Ev::stall()]));
        let left_early = (0..3).map(|_| Reply::hang());
        let script = left_early.chain((0..4).map(|_| stalled.clone())).chain([surface.stream(&["Hello"])]);
        let (a, b) = (Upstream::start(script).await, Upstream::start([surface.stream(&["again"])]).await);
        let sidecar = Sidecar::with_policy(surface.policy(&[&a, &b], |route| route)).await;
        for _ in 0..3 {
            ask_and_leave(&sidecar, &a, surface, surface.request()).await;
        }
        for _ in 0..4 {
            let mut streaming = sidecar.client().open(surface.path(), surface.request()).await;
            assert!(streaming.next().await.is_some());
        }
        let metrics = settled(&sidecar, 7).await;
        let attempts = |labels: &[(&str, &str)]| metrics.sum("outrigger_attempts_total", labels);
        assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "cancelled")]), 7.0, "{surface:?}");
        assert_eq!(metrics.sum("outrigger_requests_total", &[]), 7.0, "{surface:?}");
        assert!(!metrics.has("outrigger_cooldowns_total", &[]), "{surface:?}");
        let blamed = attempts(&[]) - attempts(&[("outcome", "cancelled")]);
        assert_eq!(blamed, 0.0, "{surface:?}: neither failed nor answered");

        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "Hello");
        assert_eq!((a.hits(), b.hits()), (8, 0), "{surface:?}");
    })
    .await;
}

/// X2, M3: the upstream call that ended with its caller is an attempt, and its outcome says so.
#[tokio::test]
async fn a_cancelled_attempt_is_counted_as_cancelled() {
    on_each(async |surface| {
        let stalled = Reply::sse(surface.begun(&["Hel"]).into_iter().chain([Ev::stall()]));
        let up = Upstream::start([stalled]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let mut streaming = sidecar.client().open(surface.path(), surface.request()).await;
        assert!(streaming.next().await.is_some());
        drop(streaming);
        let metrics = settled(&sidecar, 1).await;
        let labels = [("provider", "default/a"), ("outcome", "cancelled")];
        assert_eq!(metrics.sum("outrigger_attempts_total", &labels), 1.0, "{surface:?}");
    })
    .await;
}

/// X2: what was seen of the answer is booked, as an estimate, wherever usage is told.
#[tokio::test]
async fn the_tokens_of_a_cancelled_stream_are_recorded_as_an_estimate() {
    on_each(async |surface| {
        let text = "twenty-four letters here";
        let stalled = Reply::sse(surface.begun(&[text]).into_iter().chain([Ev::stall()]));
        let up = Upstream::start([stalled]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let mut streaming = sidecar.client().open(surface.path(), surface.request()).await;
        let id = streaming.header("x-generation-id").expect("an id").to_owned();
        while !streaming.next().await.expect("more of the answer").data.contains(text) {}
        drop(streaming);
        let metrics = settled(&sidecar, 1).await;
        let labels = [("provider", "default/a")];
        let output = metrics.sum("outrigger_tokens_total", &[("provider", "default/a"), ("type", "output")]);
        assert!((4.0..=12.0).contains(&output), "{surface:?}: about six tokens, not {output}");
        assert!(metrics.sum("outrigger_tokens_total", &[("type", "input")]) > 0.0, "{surface:?}");
        assert_eq!(metrics.sum("outrigger_estimated_usage_total", &labels), 1.0, "{surface:?}");

        let generation = sidecar.client().get(&format!("/v1/generation?id={id}")).await.json();
        let generation = &generation["data"];
        assert_eq!(
            (&generation["cancelled"], &generation["usage_estimated"]),
            (&true.into(), &true.into()),
            "{generation}"
        );
        assert_eq!(generation["tokens_completion"].as_f64(), Some(output), "{generation}");
        let line = sidecar.wait_log(&id).await;
        assert!(line.contains("outcome=\"cancelled\"") && line.contains("estimated=true"), "{line}");
    })
    .await;
}
