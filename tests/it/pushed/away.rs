//! A control plane that is gone, and starts without one.

use super::*;

const AGE: &str = "x-outrigger-policy-age";

fn policy(upstream: &Upstream) -> Policy {
    Policy::new().provider("a", upstream.base_url()).route("r", &["a"])
}

/// K1: a connection that died without a word is found by both sides within half a minute.
#[tokio::test]
async fn a_dead_connection_is_found_by_both_sides() {
    let a = Upstream::start([chat_ok("a")]).await;
    let plane = ControlPlane::with_policy(policy(&a)).await;
    let relay = Relay::to(plane.addr()).await;
    let sidecar = plane.sidecar().url(plane.url_at(relay.addr)).start().await;
    relay.freeze();
    let within = Duration::from_secs(30);
    let lost = async || sidecar.log().iter().any(|line| line.contains("control_plane_lost"));
    let gone = async || plane.fleet().await["sidecars"] == serde_json::json!([]);
    tokio::join!(until("the sidecar", within, lost), until("the control plane", within, gone));
    assert_eq!(told(&sidecar.client(), "r").await, "a");
}

/// K1, R-CFG-7, R-CFG-8: killed and started again while the control plane is down, a sidecar serves the last good policy
/// within a second, and says how old it is.
#[tokio::test]
async fn the_last_good_policy_serves_at_once_without_a_control_plane() {
    let a = Upstream::start([chat_ok("a")]).await;
    let mut plane = ControlPlane::with_policy(policy(&a)).await;
    let mut sidecar = plane.sidecar().keep(Keep::InMemory).start().await;
    let fresh = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((fresh.status, fresh.header(AGE)), (200, None));
    let revision = sidecar.revision().await;
    sidecar.wait_kept("sk-test-a").await;
    plane.kill();
    let took = quickest(async |_| {
        sidecar.kill();
        let begun = Instant::now();
        sidecar.start().await;
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        let took = begun.elapsed();
        assert_eq!((answer.status, answer.said().as_str()), (200, "a"), "{}", answer.text());
        assert!(answer.header(AGE).is_some(), "its age is told");
        assert_eq!(sidecar.admin_client().get("/readyz").await.status, 200);
        assert_eq!(sidecar.revision().await, revision);
        took
    });
    let took = took.await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(sidecar.config().await["workload"]["namespace"], "default", "who it is is known too");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(sidecar.metrics().await.sum("outrigger_policy_stale_seconds", &[]) >= 1.0);
    plane.start().await;
    let current = async || sidecar.client().post(CHAT, chat("r")).await.header(AGE).is_none();
    until("no age any more", AT_ONCE, current).await;
    assert_eq!(sidecar.metrics().await.sum("outrigger_policy_stale_seconds", &[]), 0.0);
}

/// K4: with nothing to go on with it is alive and not ready, tells callers so, and serves soon after there is somebody to
/// ask.
#[tokio::test]
async fn without_a_policy_it_waits_and_says_so() {
    let a = Upstream::start([chat_ok("a")]).await;
    let mut plane = ControlPlane::with_policy(policy(&a)).await;
    let mut sidecar = plane.sidecar().keep(Keep::InMemory).prepare();
    plane.kill();
    sidecar.start().await;
    let admin = sidecar.admin_client();
    assert_eq!((admin.get("/readyz").await.status, admin.get("/livez").await.status), (503, 200));
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (503, Some("policy_pending")));
    assert!(answer.header("retry-after").is_some());
    sidecar.wait_log("control_plane_lost").await;
    plane.start().await;
    becomes(&sidecar.client(), "r", "a", AT_ONCE).await;
    assert_eq!(admin.get("/readyz").await.status, 200);
}

/// K1, Z6: where keys may not lie they are not there after a restart, which is told, and they come with the control plane.
#[tokio::test]
async fn keys_that_were_not_kept_come_with_the_control_plane() {
    let a = Upstream::start([chat_ok("a")]).await;
    let mut plane = ControlPlane::with_policy(policy(&a)).await;
    let mut sidecar = plane.sidecar().keep(Keep::OnDisk).start().await;
    sidecar.wait_log("keys_not_kept").await;
    sidecar.wait_kept("default/r").await;
    plane.kill();
    sidecar.restart().await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, a.hits()), (503, 0), "{}", answer.text());
    plane.start().await;
    becomes(&sidecar.client(), "r", "a", AT_ONCE).await;
}

/// R-CFG-8: a policy that nobody has confirmed for longer than it may go without is no longer served, until somebody does.
#[tokio::test]
async fn a_policy_that_is_too_old_is_not_served() {
    let a = Upstream::start([chat_ok("a")]).await;
    let mut plane = ControlPlane::with_policy(policy(&a)).await;
    let mut sidecar = plane.sidecar().keep(Keep::InMemory).arg("--max-staleness").arg("1s").start().await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(told(&sidecar.client(), "r").await, "a", "an open stream confirms it");
    plane.kill();
    becomes(&sidecar.client(), "r", "policy_stale", AT_ONCE).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("--max-staleness"), "{}", answer.text());
    sidecar.restart().await;
    becomes(&sidecar.client(), "r", "policy_stale", AT_ONCE).await;
    plane.start().await;
    becomes(&sidecar.client(), "r", "a", AT_ONCE).await;
}

/// R-CFG-8: the same where the control plane does not refuse but says nothing: no request is answered meanwhile either.
#[tokio::test]
async fn a_policy_that_is_too_old_at_the_start_is_never_served() {
    let a = Upstream::start([chat_ok("a")]).await;
    let plane = ControlPlane::with_policy(policy(&a)).await;
    let relay = Relay::to(plane.addr()).await;
    let setup = plane.sidecar().url(plane.url_at(relay.addr)).keep(Keep::InMemory);
    let mut sidecar = setup.arg("--max-staleness").arg("1s").start().await;
    sidecar.wait_kept("sk-test-a").await;
    sidecar.kill();
    relay.freeze();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    sidecar.start().await;
    assert_eq!(told(&sidecar.client(), "r").await, "policy_stale");
}
