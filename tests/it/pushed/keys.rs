//! Provider keys: changed under load, taken back, and never shown.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use super::*;

/// Words that are nowhere else.
const OLD: &str = "sk-canary-old-7f3a9e";
const NEW: &str = "sk-canary-new-91bcd2";

fn policy(upstream: &Upstream, key: &str) -> Policy {
    let with_key = |provider: Provider| provider.credential("main", key, 1);
    Policy::new().provider_with("a", upstream.base_url(), with_key).route("r", &["a"])
}

/// The policy without its `Secret`.
fn without_keys(policy: &Policy) -> String {
    let text = policy.to_string();
    let (objects, _secret) = text.split_once("apiVersion: v1\nkind: Secret").unwrap();
    objects.to_owned()
}

/// A provider that takes both keys, and refuses the old one once it is told to.
async fn lock() -> (Upstream, Arc<AtomicBool>) {
    let only_new = Arc::new(AtomicBool::new(false));
    let changed = only_new.clone();
    let upstream = Upstream::with(move |request, _| match request.header("authorization") {
        Some(key) if key.ends_with(NEW) || key.ends_with(OLD) && !changed.load(SeqCst) => chat_ok("ok"),
        _ => Reply::error(401),
    });
    (upstream.await, only_new)
}

fn uses(upstream: &Upstream, key: &str) -> usize {
    let of = |request: &&Request| request.header("authorization").is_some_and(|sent| sent.ends_with(key));
    upstream.requests().iter().filter(of).count()
}

/// K2, K3: a key is changed under fifty requests a second, and none of them fails.
#[tokio::test]
async fn a_key_is_changed_under_load_without_a_failure() {
    let (upstream, only_new) = lock().await;
    let plane = ControlPlane::with_policy(policy(&upstream, OLD)).await;
    let sidecar = plane.sidecar().start().await;
    let client = sidecar.client();
    let load = tokio::spawn(async move {
        let mut asked = Vec::new();
        for _ in 0..150 {
            let client = client.clone();
            asked.push(tokio::spawn(async move { told(&client, "r").await }));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut answers = Vec::new();
        for one in asked {
            answers.push(one.await.unwrap());
        }
        answers
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    plane.edit(policy(&upstream, NEW));
    until("the new key", AT_ONCE, async || uses(&upstream, NEW) > 0).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let old = uses(&upstream, OLD);
    only_new.store(true, SeqCst);
    let answers = load.await.unwrap();
    assert_eq!((answers.len(), answers.iter().filter(|answer| *answer != "ok").count()), (150, 0));
    assert!(uses(&upstream, OLD) == old && uses(&upstream, NEW) > 10, "{old}");
}

/// Z6: a key that is taken back is used no more and kept nowhere.
#[tokio::test]
async fn a_key_that_is_taken_back_is_gone() {
    let (upstream, _) = lock().await;
    let policy = policy(&upstream, OLD);
    let plane = ControlPlane::with_policy(&policy).await;
    let sidecar = plane.sidecar().keep(Keep::InMemory).start().await;
    assert_eq!(told(&sidecar.client(), "r").await, "ok");
    sidecar.wait_kept(OLD).await;
    plane.edit(without_keys(&policy));
    becomes(&sidecar.client(), "r", "route_without_targets", AT_ONCE).await;
    let used = uses(&upstream, OLD);
    sidecar.wait_dropped(OLD).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("credential") || answer.text().contains("key"), "{}", answer.text());
    assert_eq!(uses(&upstream, OLD), used);
    plane.edit(policy);
    becomes(&sidecar.client(), "r", "ok", AT_ONCE).await;
}

/// Z6: neither keys nor tokens are in any log, page or error, nor in a file on a disk.
#[tokio::test]
async fn keys_are_shown_nowhere() {
    let echo = |request: &Request, _| {
        let key = request.header("authorization").unwrap_or_default().to_owned();
        Reply::json(401, error_with("authentication_error", "invalid_api_key", &format!("wrong key: {key}")))
    };
    let upstream = Upstream::with(echo).await;
    let bad = |key: &str| policy(&upstream, key).route_with("bad", &["a"], |route| route.failover("attempts: 99"));
    let mut plane = ControlPlane::setup(bad(OLD)).arg("--log").arg("trace").start().await;
    let token = plane.token("default", &[]);
    let setup = plane.sidecar().token(&token).keep(Keep::OnDisk).arg("--log").arg("trace");
    let mut sidecar = setup.start().await;
    let mut shown = Vec::new();
    shown.push(sidecar.client().post(CHAT, chat("r")).await);
    plane.edit(bad(NEW));
    let of_new = async || {
        drop(sidecar.client().post(CHAT, chat("r")).await);
        uses(&upstream, NEW) > 0
    };
    until("the new key", AT_ONCE, of_new).await;
    shown.push(sidecar.client().post(CHAT, chat("r")).await);
    shown.push(sidecar.client().post(CHAT, chat("bad")).await);
    plane.restart().await;
    sidecar.restart().await;
    plane.wait_fleet("it", |fleet| fleet["sidecars"].to_string().contains("current\":true")).await;
    shown.push(sidecar.client().post(CHAT, chat("r")).await);
    for page in ["/metrics", "/config", "/readyz"] {
        shown.push(sidecar.admin_client().get(page).await);
    }
    shown.push(sidecar.admin_client().post("/explain", chat("r")).await);
    for page in ["/metrics", "/fleet", "/readyz"] {
        shown.push(plane.admin_client().get(page).await);
    }
    assert!(uses(&upstream, OLD) > 0 && uses(&upstream, NEW) > 0, "there was something to show");
    for log in [plane.log(), sidecar.log()] {
        assert!(log.iter().any(|line| line.contains("TRACE")), "nothing was traced");
    }
    let signature = token.rsplit('.').next().unwrap();
    for secret in [OLD, NEW, signature] {
        for answer in &shown {
            assert!(!answer.text().contains(secret), "{secret} in {}", answer.text());
            assert!(!answer.headers.0.iter().any(|(_, value)| value.contains(secret)), "{secret}");
        }
        for line in plane.log().iter().chain(&sidecar.log()) {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
        assert!(!holds(sidecar.state(), secret), "{secret} on disk");
    }
    assert!(holds(sidecar.state(), &upstream.base_url()), "the rest is there");
}
