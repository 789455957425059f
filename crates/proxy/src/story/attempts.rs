//! Who is asked, when, and what ends it.

use std::time::Duration;

use outrigger_route::snapshot::Route;

use super::Stage;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One request that is not streamed, on the default route.
async fn story(script: &str, attempts: &str, end: &str) {
    under(script, |_| {}, attempts, end).await;
}

async fn under(script: &str, change: impl FnOnce(&mut Route), attempts: &str, end: &str) {
    let told = Stage::new(script, change).ask(false).await;
    assert_eq!((told.attempts.as_str(), told.end.as_str()), (attempts, end), "{script}");
}

#[tokio::test(start_paused = true)]
async fn the_first_that_answers_answers() {
    story("a: ok | b: ok", "a@0s ok", "ok@0s").await;
    story("a: ok after 2s | b: ok", "a@0s ok", "ok@2s").await;
}

/// F1, F3: whoever fails is passed over at once.
#[tokio::test(start_paused = true)]
async fn a_failure_moves_on_at_once() {
    story("a: 429 | b: ok", "a@0s rate_limited -> b@0s ok", "ok@0s").await;
    story("a: 503 after 1s | b: ok", "a@0s overloaded -> b@1s ok", "ok@1s").await;
    story("a: refuse | b: ok after 3s", "a@0s connect_failed -> b@0s ok", "ok@3s").await;
    story("a: close | b: ok", "a@0s connection_reset -> b@0s ok", "ok@0s").await;
}

/// F2: what is the caller's own fault is nobody else's to answer.
#[tokio::test(start_paused = true)]
async fn a_bad_request_stops() {
    story("a: 400 | b: ok", "a@0s invalid_request", "invalid_request@0s").await;
}

/// T1: connecting and answering have limits of their own.
#[tokio::test(start_paused = true)]
async fn silence_has_a_limit() {
    let limits = |route: &mut Route| {
        route.timeouts.connect = s(1);
        route.timeouts.answer = s(20);
    };
    under("a: absent | b: ok", limits, "a@0s connect_timeout -> b@1s ok", "ok@1s").await;
    under("a: hang | b: ok", limits, "a@0s first_token_timeout -> b@20s ok", "ok@20s").await;
}

/// T1: the whole request has one, whoever is being asked.
#[tokio::test(start_paused = true)]
async fn the_total_time_ends_it() {
    let limits = |route: &mut Route| {
        route.timeouts.answer = s(20);
        route.timeouts.total = s(30);
    };
    under("a: hang | b: hang | c: ok", limits, "a@0s first_token_timeout -> b@20s total_timeout", "total_timeout@30s")
        .await;
}

/// F1: there are no more calls than the route allows, however many could be asked.
#[tokio::test(start_paused = true)]
async fn the_budget_of_calls_is_kept() {
    let two = |route: &mut Route| route.failover.attempts = 2;
    under("a: 500 | b: 500 | c: ok", two, "a@0s server_error -> b@0s server_error", "server_error@0s").await;
}

/// F8: a second beside a silent one; the first that answers wins, and the other is let go.
#[tokio::test(start_paused = true)]
async fn a_silent_target_is_hedged() {
    let hedged = |route: &mut Route| route.failover.hedge_after = Some(s(2));
    let told = Stage::new("a: ok after 9s | b: ok after 1s", hedged).ask(false).await;
    assert_eq!((told.attempts.as_str(), told.end.as_str()), ("a@0s ok -> b@2s dropped", "ok@3s"));
}

/// C2: where everybody rests, a wait that somebody named is waited for, within what the route allows.
#[tokio::test(start_paused = true)]
async fn the_last_is_asked_again_after_a_while() {
    let wait = |route: &mut Route| {
        route.failover.attempts = 3;
        route.failover.max_wait = s(5);
    };
    let told = Stage::new("a: 503, ok", wait).ask(false).await;
    assert!(told.attempts.starts_with("a@0s overloaded -> a@") && told.end.starts_with("ok@"), "{told:?}");
}

/// C6: who failed often enough rests, and the next request does not begin with it.
#[tokio::test(start_paused = true)]
async fn who_keeps_failing_is_not_asked_first_any_more() {
    let stage = Stage::new("a: 500 | b: ok", |_| {});
    for _ in 0..20 {
        stage.ask(false).await;
    }
    let told = stage.ask(false).await;
    assert_eq!(told.attempts, "b@0s ok");
}
