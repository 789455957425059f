//! Policy changes under traffic.

use std::time::{Duration, Instant};

use crate::harness::*;

const CHAT: &str = "/v1/chat/completions";

/// K2, K3: an edit is served within a second, and a stream that began before it ends under the old policy.
#[tokio::test]
async fn an_edit_applies_within_a_second_and_drops_no_stream() {
    let a = Upstream::start([chat_stream(["x"; 20]).every(100)]).await;
    let b = Upstream::start([chat_ok("b")]).await;
    let sidecar = Sidecar::with_policy(Policy::new().provider("a", a.base_url()).route("r", &["a"])).await;
    let mut streaming = sidecar.client().open(CHAT, chat_streamed("r")).await;
    streaming.next().await;
    let begun = Instant::now();
    sidecar.edit(Policy::new().provider("b", b.base_url()).route("r", &["b"]));
    while b.hits() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(3), "not applied");
        let _ = tokio::time::timeout(Duration::from_millis(50), sidecar.client().post(CHAT, chat("r"))).await;
    }
    assert!(begun.elapsed() < Duration::from_millis(1200), "{:?}", begun.elapsed());
    let streamed = streaming.collect().await;
    assert_eq!((streamed.is_done(), streamed.end), (true, End::Clean));
}

/// K2, R-CFG-5: a bad edit is reported by object, field and reason while the old one serves and good siblings apply.
#[tokio::test]
async fn a_bad_edit_is_reported_while_the_old_one_serves() {
    let a = Upstream::start([chat_ok("a")]).await;
    let good = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let sidecar = Sidecar::with_policy(&good).await;
    let bad = Policy::new().provider("a", a.base_url()).route("new", &["a"]);
    sidecar.edit(bad.route_with("r", &["a"], |route| route.failover("attempts: many")));
    let line = sidecar.wait_log("attempts").await;
    assert!(line.contains("default/r") || line.contains("ModelRoute"), "{line}");
    for route in ["r", "new"] {
        assert_eq!(sidecar.client().post(CHAT, chat(route)).await.status, 200, "{route}");
    }
    assert!(sidecar.admin_client().get("/config").await.text().contains("attempts"));
}
