//! Time limits: each means one thing, each is told apart by its code, and there is none that nobody has set.

use std::time::Duration;

use tokio::net::TcpListener;

use crate::{
    harness::*,
    surfaces::{Surface, on_each, settled},
};

/// The outcomes of the attempts at provider `a`.
async fn attempts(sidecar: &Sidecar, outcome: &str) -> f64 {
    settled(sidecar, 1).await.sum("outrigger_attempts_total", &[("provider", "default/a"), ("outcome", outcome)])
}

/// Events of this kind for ever, each after a pause.
fn for_ever(events: Vec<Ev>, event: &Ev, millis: u64) -> Reply {
    let more = (0..1000).flat_map(|_| [Ev::pause(millis), event.clone()]);
    Reply::sse(events.into_iter().chain(more))
}

/// T1: `connect` bounds TCP and TLS together; here the handshake of TLS is never answered.
#[tokio::test]
async fn the_connect_limit_alone_ends_a_connection_that_never_stands() {
    let mute = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free loopback port");
    let b = Upstream::start([chat_ok("reached")]).await;
    let policy = Policy::new()
        .provider("a", format!("https://localhost:{}/v1", mute.local_addr().expect("a bound address").port()))
        .provider("b", b.base_url())
        .route_with("r", &["a", "b"], |route| route.timeouts("connect: 200ms"));
    let sidecar = Sidecar::with_policy(policy).await;
    let answer = sidecar.client().post("/v1/chat/completions", chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "reached"), "{}", answer.text());
    assert!(answer.took >= Duration::from_millis(150) && answer.took < AT_ONCE, "{:?}", answer.took);
    assert_eq!(attempts(&sidecar, "connect_timeout").await, 1.0);
}

/// T1, T2: `firstToken` ends a connected and silent stream, before or behind its head, and the next target answers.
#[tokio::test]
async fn the_first_token_limit_alone_ends_a_silent_stream_and_moves_on() {
    on_each(async |surface| {
        for silent in [Reply::hang(), Reply::sse([Ev::stall()]), surface.stream(&["late"]).slow_head(30_000)] {
            let (a, b) = (Upstream::start([silent]).await, Upstream::start([surface.stream(&["Hello"])]).await);
            let policy = surface.policy(&[&a, &b], |route| route.timeouts("firstToken: 1s"));
            let sidecar = Sidecar::with_policy(policy).await;
            let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
            surface.assert_whole(&streamed, "Hello");
            assert!(streamed.took < AT_ONCE, "{surface:?}: {:?}", streamed.took);
            assert_eq!(attempts(&sidecar, "first_token_timeout").await, 1.0, "{surface:?}");
            assert!(a.wait_closed(0).await > a.requests()[0].at, "{surface:?}: the silent call is hung up");
        }
    })
    .await;
}

/// T1: `answer` bounds what is not streamed, from the request to the last byte.
#[tokio::test]
async fn the_answer_limit_alone_ends_a_slow_answer_and_moves_on() {
    on_each(async |surface| {
        let half = Reply::chunked(200, "application/json", [Ev::raw("{"), Ev::stall()]);
        for slow in [Reply::hang(), half] {
            let (a, b) = (Upstream::start([slow]).await, Upstream::start([surface.whole("Hello")]).await);
            let policy = surface.policy(&[&a, &b], |route| route.timeouts("answer: 1s"));
            let sidecar = Sidecar::with_policy(policy).await;
            let answer = sidecar.client().post(surface.path(), surface.whole_request()).await;
            assert_eq!((answer.status, b.hits()), (200, 1), "{surface:?}: {}", answer.text());
            assert!(answer.text().contains("Hello") && answer.took < AT_ONCE, "{:?}", answer.took);
            let late = attempts(&sidecar, "answer_timeout").await + attempts(&sidecar, "first_token_timeout").await;
            assert_eq!(late, 1.0, "{surface:?}");
        }
    })
    .await;
}

/// T1: `idle` bounds the silence between two events of a stream; keep-alive comments break no silence.
#[tokio::test]
async fn the_idle_limit_alone_ends_a_stream_that_falls_silent() {
    on_each(async |surface| {
        let begun = surface.begun(&["Hel", "lo"]);
        let stalled = Reply::sse(begun.iter().cloned().chain([Ev::stall()]));
        for silent in [stalled, for_ever(begun.clone(), &Ev::comment("keep-alive"), 50)] {
            let (a, b) = (Upstream::start([silent]).await, Upstream::start([surface.stream(&["again"])]).await);
            let policy = surface.policy(&[&a, &b], |route| route.timeouts("idle: 1s"));
            let sidecar = Sidecar::with_policy(policy).await;
            let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
            surface.assert_broken(&streamed, "Hello", "idle_timeout");
            assert!(streamed.took >= Duration::from_secs(1), "{surface:?}: {:?}", streamed.took);
            assert!(streamed.took < AT_ONCE, "{surface:?}: {:?}", streamed.took);
            assert_eq!((attempts(&sidecar, "idle_timeout").await, b.hits()), (1.0, 0), "{surface:?}");
        }
    })
    .await;
}

/// T1: `total` bounds the whole request: a stream that never falls silent, an answer that never comes, and all attempts
/// together.
#[tokio::test]
async fn the_total_limit_alone_ends_everything() {
    on_each(async |surface| {
        let endless = for_ever(surface.prelude(), &surface.text("x"), 20);
        let up = Upstream::start([endless, Reply::hang(), Reply::hang()]).await;
        let policy = surface.policy(&[&up], |route| route.timeouts("total: 1s"));
        let sidecar = Sidecar::with_policy(policy).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_broken(&streamed, &surface.said(&streamed), "total_timeout");
        assert!(surface.said(&streamed).len() > 2 && streamed.took < AT_ONCE, "{:?}", streamed.took);
        for request in [surface.request(), surface.whole_request()] {
            let answer = sidecar.client().post(surface.path(), request).await;
            assert_eq!(
                (answer.status, answer.header("x-outrigger-error")),
                (504, Some("total_timeout")),
                "{surface:?}"
            );
            assert!(answer.took < AT_ONCE, "{surface:?}: {:?}", answer.took);
        }
    })
    .await;
    let slow = [Upstream::start([Reply::hang()]).await, Upstream::start([Reply::hang()]).await];
    let policy = Surface::Chat.policy(&[&slow[0], &slow[1]], |route| {
        route.timeouts("firstToken: 600ms, total: 1500ms").failover("attempts: 9")
    });
    let sidecar = Sidecar::with_policy(policy).await;
    let answer = sidecar.client().post("/v1/chat/completions", chat_streamed("r")).await;
    assert_eq!((answer.status, slow[0].hits(), slow[1].hits()), (504, 1, 1), "{}", answer.text());
    assert!(answer.took < AT_ONCE, "{:?}", answer.took);
}

/// T3: signs of life are not content: a provider that only pings is as silent as one that says nothing.
#[tokio::test]
async fn pings_and_roles_do_not_count_as_the_first_token() {
    on_each(async |surface| {
        let a = Upstream::start([for_ever(surface.prelude(), &surface.ping(), 30)]).await;
        let b = Upstream::start([surface.stream(&["Hello"])]).await;
        let policy = surface.policy(&[&a, &b], |route| route.timeouts("firstToken: 1s"));
        let sidecar = Sidecar::with_policy(policy).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "Hello");
        assert_eq!(attempts(&sidecar, "first_token_timeout").await, 1.0, "{surface:?}");
    })
    .await;
}

/// T3: a model that thinks aloud is not silent, however long it takes to its first word.
#[tokio::test]
async fn thinking_counts_as_the_first_token() {
    on_each(async |surface| {
        let thoughts = (0..8).flat_map(|_| [surface.thought("hm"), Ev::pause(300)]);
        let events =
            surface.prelude().into_iter().chain(thoughts).chain([surface.text("Hello")]).chain(surface.close());
        let a = Upstream::start([Reply::sse(events)]).await;
        let b = Upstream::start([surface.stream(&["again"])]).await;
        let policy = surface.policy(&[&a, &b], |route| route.timeouts("firstToken: 2s"));
        let sidecar = Sidecar::with_policy(policy).await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, "Hello");
        assert_eq!((a.hits(), b.hits()), (1, 0), "{surface:?}");
        let thoughts = streamed.data().iter().filter(|data| data.contains("\"hm\"")).count();
        assert_eq!(thoughts, 8, "{surface:?}: {}", streamed.text());
    })
    .await;
}

/// T4: a stream may be many times as long as every limit but `total`: no clock of connecting, of first words, of whole
/// answers, of reading requests or of the client library runs behind them.
#[tokio::test]
async fn no_other_limit_cuts_a_long_stream() {
    on_each(async |surface| {
        let texts = vec!["x"; 20];
        let up = Upstream::start([surface.stream(&texts).every(250), surface.whole("late").slow_head(2_500)]).await;
        let limits = "connect: 1s, firstToken: 2s, answer: 15s, idle: 2s, total: 30s";
        let policy = surface.policy(&[&up], |route| route.timeouts(limits));
        let sidecar = Sidecar::setup(policy).arg("--read-timeout").arg("1s").arg("--queue-timeout").arg("1s");
        let sidecar = sidecar.start().await;
        let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&streamed, &"x".repeat(20));
        assert!(streamed.took > Duration::from_secs(4), "{surface:?}: {:?}", streamed.took);
        let answer = sidecar.client().post(surface.path(), surface.whole_request()).await;
        assert_eq!((answer.status, answer.end), (200, End::Clean), "{surface:?}: {}", answer.text());
    })
    .await;
}
