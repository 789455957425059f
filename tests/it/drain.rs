//! Leaving in order: what is under way ends well if there is time, and says so if there is not.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    harness::*,
    surfaces::{Surface, on_each, settled},
};

/// Waits until `/readyz` says that the sidecar leaves.
async fn wait_draining(sidecar: &Sidecar) {
    let begun = Instant::now();
    while sidecar.admin_client().get("/readyz").await.status != 503 {
        assert!(begun.elapsed() < PATIENCE, "it stayed ready");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// R-DRAIN-1, R-DRAIN-2, R-LIFE-3, X3: not ready, alive, still serving its own pod, gone when the last stream is done.
#[tokio::test]
async fn a_stream_under_way_ends_complete_and_new_calls_are_served_meanwhile() {
    on_each(async |surface| {
        let up = Upstream::start([surface.stream(&["a", "b", "c", "d"]).every(120), surface.stream(&["new"])]).await;
        let mut sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let mut streaming = sidecar.client().open(surface.path(), surface.request()).await;
        assert!(streaming.next().await.is_some());
        sidecar.sigterm();
        wait_draining(&sidecar).await;
        assert_eq!(sidecar.admin_client().get("/livez").await.status, 200, "{surface:?}");
        let new = sidecar.client().stream(surface.path(), surface.request()).await;
        surface.assert_whole(&new, "new");
        assert_eq!(new.header("connection"), None, "{surface:?}: the app may still call");
        let rest = streaming.collect().await;
        assert_eq!(rest.end, End::Clean, "{surface:?}: {}", rest.text());
        assert!(surface.said(&rest).ends_with('d') && !rest.text().contains("error"), "{surface:?}: {}", rest.text());
        let done = Instant::now();
        assert!(sidecar.wait().await.success(), "{surface:?}");
        assert!(done.elapsed() < AT_ONCE, "{surface:?}: {:?}", done.elapsed());
    })
    .await;
}

/// R-DRAIN-1: an answer that is not streamed, and one still being retried, are under way too.
#[tokio::test]
async fn answers_that_are_not_streamed_are_waited_for() {
    let up = Upstream::start([Reply::error(500), chat_ok("slow").slow_head(300)]).await;
    let mut sidecar = Sidecar::with_policy(Surface::Chat.policy(&[&up], |route| route)).await;
    let client = sidecar.client();
    let (answer, ()) = tokio::join!(client.post("/v1/chat/completions", chat("r")), async {
        up.wait_for(1).await;
        sidecar.sigterm();
    });
    assert_eq!((answer.status, answer.said().as_str(), answer.end), (200, "slow", End::Clean));
    assert!(sidecar.wait().await.success());
}

/// R-DRAIN-1: an answer is under way until its caller has it, however slowly it reads.
#[tokio::test]
async fn a_slow_reader_gets_the_last_byte() {
    let text = "x".repeat(16 << 20);
    let up = Upstream::start([chat_ok(&text)]).await;
    let mut sidecar = Sidecar::with_policy(Surface::Chat.policy(&[&up], |route| route)).await;
    let mut socket = sidecar.client().connect().await;
    let request = chat("r").to_string();
    let head =
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", request.len());
    socket.write_all((head + &request).as_bytes()).await.expect("written");
    let mut answer = vec![0; 1024];
    socket.read_exact(&mut answer).await.expect("the answer has begun");
    sidecar.sigterm();
    wait_draining(&sidecar).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(sidecar.is_running(), "it left an answer that was not delivered");
    // The connection is kept alive behind the answer, so its end is told by its last bytes.
    while !answer.ends_with(b"}") {
        let read = tokio::time::timeout(PATIENCE, socket.read_buf(&mut answer)).await.expect("in time");
        assert!(read.expect("no reset") > 0, "cut after {} bytes", answer.len());
    }
    assert!(answer.len() > text.len());
    assert!(sidecar.wait().await.success());
}

/// R-DRAIN-3, X3: when the time is up each stream ends with an error in its own dialect, and they are counted.
#[tokio::test]
async fn when_the_time_is_up_each_stream_ends_with_an_error_event() {
    on_each(async |surface| {
        let up = Upstream::start([Reply::sse(surface.begun(&["Hel", "lo"]).into_iter().chain([Ev::stall()]))]).await;
        let policy = surface.policy(&[&up], |route| route);
        let mut sidecar = Sidecar::setup(policy).arg("--drain-timeout").arg("300ms").start().await;
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(sidecar.client().open(surface.path(), surface.request()).await);
        }
        sidecar.sigterm();
        let begun = Instant::now();
        for streaming in open {
            let streamed = streaming.collect().await;
            let last = streamed.events.last().expect("an event").json();
            let error = if surface == Surface::Responses { &last } else { &last["error"] };
            let code = error["code"].as_str().unwrap_or("").to_owned();
            surface.assert_broken(&streamed, "Hello", &code);
            assert!(error["message"].as_str().unwrap_or("").contains("shutting down"), "{surface:?}: {last}");
        }
        sidecar.wait().await;
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(250) && took < AT_ONCE, "{surface:?}: {took:?}");
        assert!(sidecar.wait_log("drained").await.contains("cut=3"), "{surface:?}");
    })
    .await;
}

/// R-DRAIN-3, S13, X3: a caller still waiting for its answer is told so, not left with a dead connection.
#[tokio::test]
async fn when_the_time_is_up_a_waiting_caller_gets_an_error() {
    on_each(async |surface| {
        for request in [surface.whole_request(), surface.request()] {
            let up = Upstream::start([Reply::hang()]).await;
            let policy = surface.policy(&[&up], |route| route);
            let mut sidecar = Sidecar::setup(policy).arg("--drain-timeout").arg("200ms").start().await;
            let client = sidecar.client();
            let (answer, ()) = tokio::join!(client.try_post(surface.path(), request), async {
                up.wait_for(1).await;
                sidecar.sigterm();
            });
            sidecar.wait().await;
            let answer = answer.unwrap_or_else(|error| panic!("{surface:?}: no answer: {error}"));
            assert!(answer.status >= 500, "{surface:?}: {answer:?}");
            assert!(answer.json()["error"]["message"].is_string(), "{surface:?}: {}", answer.text());
        }
    })
    .await;
}

/// R-DRAIN-4: what was used until the end is told before the process is gone: streams that ended and streams that were
/// cut.
#[tokio::test]
async fn usage_is_told_before_the_exit() {
    on_each(async |surface| {
        let stalled = Reply::sse(surface.begun(&["Hel", "lo"]).into_iter().chain([Ev::stall()]));
        let up = Upstream::start([stalled, surface.stream(&["a", "b"]).every(60)]).await;
        let policy = surface.policy(&[&up], |route| route);
        let mut sidecar = Sidecar::setup(policy).arg("--drain-timeout").arg("2s").start().await;
        let cut = sidecar.client().open(surface.path(), surface.request()).await;
        let whole = sidecar.client().open(surface.path(), surface.request()).await;
        sidecar.sigterm();
        let ids = [&cut, &whole].map(|streaming| streaming.header("x-generation-id").expect("an id").to_owned());
        assert_eq!(whole.collect().await.end, End::Clean, "{surface:?}");
        assert_eq!(cut.collect().await.end, End::Abnormal, "{surface:?}");
        sidecar.wait().await;
        let told = sidecar.wait_log(&ids[1]).await;
        let wanted = format!("output_tokens={COMPLETION_TOKENS} ");
        assert!(told.contains("outcome=\"ok\"") && told.contains(&wanted), "{surface:?}: {told}");
        let told = sidecar.wait_log(&ids[0]).await;
        assert!(told.contains("output_tokens=") && told.contains("estimated=true"), "{surface:?}: {told}");
    })
    .await;
}

/// R-DRAIN-5: one setting, and nothing else, says how long leaving may take: idle connections of callers hold nobody.
#[tokio::test]
async fn one_setting_governs_leaving() {
    let up = Upstream::start([chat_ok("hello")]).await;
    let policy = Surface::Chat.policy(&[&up], |route| route);
    let mut sidecar = Sidecar::setup(policy).arg("--drain-timeout").arg("20s").start().await;
    let config = sidecar.admin_client().get("/config").await.json();
    let settings = config["settings"].as_object().expect("settings");
    let about_leaving = |name: &&String| ["drain", "grace", "shutdown", "term"].iter().any(|word| name.contains(word));
    let names: Vec<_> = settings.keys().filter(about_leaving).collect();
    assert_eq!(names, ["drain_timeout_s"]);
    assert_eq!(settings["drain_timeout_s"], 20.0);

    sidecar.client().post("/v1/chat/completions", chat("r")).await;
    let idle = sidecar.client().connect().await;
    settled(&sidecar, 1).await;
    sidecar.sigterm();
    let begun = Instant::now();
    assert!(sidecar.wait().await.success());
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    drop(idle);
}

/// R-LIFE-2, K4: a provider outage must not take the app out of its Service, nor restart it.
#[tokio::test]
async fn readiness_and_liveness_do_not_depend_on_providers() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([Reply::error(500)]).await);
    let policy = Surface::Chat.policy(&[&a, &b], |route| route.failover("attempts: 2"));
    let sidecar = Sidecar::with_policy(policy).await;
    let admin = sidecar.admin_client();
    for down in [false, true] {
        for _ in 0..6 {
            let answer = sidecar.client().post("/v1/chat/completions", chat("r")).await;
            assert!(answer.status >= 500, "{}", answer.text());
        }
        let told = (admin.get("/readyz").await.status, admin.get("/livez").await.status);
        assert_eq!(told, (200, 200), "providers down: {down}");
        if !down {
            a.rewrite([Reply::refuse()]);
            b.rewrite([Reply::refuse()]);
        }
    }
    a.stop().await;
    b.stop().await;
    assert!(sidecar.client().post("/v1/chat/completions", chat("r")).await.status >= 500);
    assert_eq!((admin.get("/readyz").await.status, admin.get("/livez").await.status), (200, 200));
}

/// K4, R-LIFE-2: ready is having a policy. Of one that cannot be read there is none: callers are told to wait, until the
/// first good edit; a bad one later takes nothing away.
#[tokio::test]
async fn readiness_means_that_a_policy_was_applied() {
    let up = Upstream::start([chat_ok("hello")]).await;
    let sidecar = Sidecar::setup("kind: [nonsense").start().await;
    let (admin, client) = (sidecar.admin_client(), sidecar.client());
    let told = admin.get("/readyz").await;
    assert_eq!((told.status, &*told.text()), (503, "no policy yet\n"));
    assert_eq!(admin.get("/livez").await.status, 200);
    assert!(admin.get("/config").await.json()["revision"].is_null());
    for refused in [client.post("/v1/chat/completions", chat("r")).await, client.get("/v1/models").await] {
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.text());
        assert_eq!(refused.header("x-outrigger-error"), Some("policy_pending"));
    }
    // Wrong in the same way: there is nothing new to say of it.
    sidecar.edit("kind: [other nonsense");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(admin.get("/readyz").await.status, 503, "nothing good was read yet");

    sidecar.edit(Surface::Chat.policy(&[&up], |route| route));
    sidecar.wait_log("policy applied").await;
    assert_eq!(admin.get("/readyz").await.status, 200);
    assert_eq!(client.post("/v1/chat/completions", chat("r")).await.said(), "hello");
    sidecar.edit("kind: [nonsense");
    sidecar.wait_log("nothing changes").await;
    assert_eq!((admin.get("/readyz").await.status, admin.get("/livez").await.status), (200, 200));
    assert_eq!(client.post("/v1/chat/completions", chat("r")).await.said(), "hello");
}

/// K4: a policy that holds nothing is one. The sidecar is ready, warns, and says what is missing.
#[tokio::test]
async fn an_empty_policy_is_a_policy() {
    let up = Upstream::start([chat_ok("hello")]).await;
    let sidecar = Sidecar::setup("").start().await;
    sidecar.wait_log("nothing is served").await;
    assert_eq!(sidecar.admin_client().get("/readyz").await.status, 200);
    assert_eq!(sidecar.client().get("/v1/models").await.json()["total_count"], 0);
    let refused = sidecar.client().post("/v1/chat/completions", chat("r")).await;
    assert_eq!((refused.status, refused.header("x-outrigger-error")), (404, Some("no_route")));
    sidecar.edit(Surface::Chat.policy(&[&up], |route| route));
    sidecar.wait_log("policy applied").await;
    assert_eq!(sidecar.client().post("/v1/chat/completions", chat("r")).await.said(), "hello");
}
