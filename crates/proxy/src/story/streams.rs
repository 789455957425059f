//! What reaches a caller of a stream, when, and how it ends.

use std::time::Duration;

use outrigger_route::snapshot::Route;

use super::Stage;

async fn story(script: &str, attempts: &str, events: &str) {
    under(script, |_| {}, attempts, events).await;
}

async fn under(script: &str, change: impl FnOnce(&mut Route), attempts: &str, events: &str) {
    let told = Stage::new(script, change).ask(true).await;
    assert_eq!((told.attempts.as_str(), told.events.as_str()), (attempts, events), "{script}");
}

/// S1: each event as it comes.
#[tokio::test(start_paused = true)]
async fn events_pass_as_they_come() {
    story("a: hi@1s there@2s stop@2s [DONE]@2s end", "a@0s ok", "hi@1s there@2s stop@2s [DONE]@2s").await;
}

/// S11: the terminal event is added where a stream ended well without it.
#[tokio::test(start_paused = true)]
async fn an_end_without_done_gets_one() {
    story("a: hi@1s stop@1s end", "a@0s ok", "hi@1s stop@1s [DONE]@1s").await;
}

/// S2, S4: what ends without a finish reason was cut, and the caller is told; behind the error it is cut, too.
#[tokio::test(start_paused = true)]
async fn a_cut_stream_ends_with_an_error() {
    story("a: hi@1s end", "a@0s ok", "hi@1s error:truncated@1s cut@1.05s").await;
    story("a: hi@1s there@3s cut", "a@0s ok", "hi@1s there@3s error:connection_reset@3s cut@3.05s").await;
}

/// S3, T3: until something counts the next target may still answer, and comments count for nothing.
#[tokio::test(start_paused = true)]
async fn before_the_first_content_the_next_is_asked() {
    story(
        "a: :@1s :@2s cut | b: hi@1s stop@1s [DONE]@1s end",
        "a@0s connection_reset -> b@2s ok",
        "hi@3s stop@3s [DONE]@3s",
    )
    .await;
    let limits = |route: &mut Route| route.timeouts.first_token = Duration::from_secs(5);
    under(
        "a: :@1s :@4s never | b: hi@1s stop@1s [DONE]@1s end",
        limits,
        "a@0s first_token_timeout -> b@5s ok",
        "hi@6s stop@6s [DONE]@6s",
    )
    .await;
}

/// T2: silence between events is a break; comments are no sign of life.
#[tokio::test(start_paused = true)]
async fn silence_in_a_stream_has_a_limit() {
    let limits = |route: &mut Route| route.timeouts.idle = Duration::from_secs(10);
    under("a: hi@1s never", limits, "a@0s ok", "hi@1s error:idle_timeout@11s cut@11.05s").await;
    under("a: hi@1s :@9s never", limits, "a@0s ok", "hi@1s :@9s error:idle_timeout@11s cut@11.05s").await;
    under("a: hi@1s there@10s stop@19s [DONE]@19s end", limits, "a@0s ok", "hi@1s there@10s stop@19s [DONE]@19s").await;
}

/// T1: the whole request has a limit, however lively its stream is.
#[tokio::test(start_paused = true)]
async fn the_total_time_ends_a_stream() {
    let limits = |route: &mut Route| route.timeouts.total = Duration::from_secs(4);
    under("a: a@1s b@3s c@5s never", limits, "a@0s ok", "a@1s b@3s error:total_timeout@4s cut@4.05s").await;
}

/// S15: an event that cannot be read passes; H22: nothing goes on behind the end, whose sender has a moment to close.
#[tokio::test(start_paused = true)]
async fn odd_events_pass_and_nothing_follows_the_end() {
    story("a: hi@1s broken@2s stop@3s [DONE]@3s end", "a@0s ok", "hi@1s {@2s stop@3s [DONE]@3s").await;
    story("a: hi@1s stop@1s [DONE]@1s more@1.01s never", "a@0s ok", "hi@1s stop@1s [DONE]@1s").await;
}
