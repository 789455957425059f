//! Who rests, from when, for how long, and what a policy edit leaves of it.

use std::time::Duration;

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";

fn two(a: &Upstream, b: &Upstream) -> Policy {
    Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route_with("r", &["a", "b"], afresh)
}

/// Every request is decided afresh: else the same conversation would stay with whoever answered it first.
fn afresh(route: Route) -> Route {
    route.spec("stickiness: {mode: Off}")
}

async fn ask(sidecar: &Sidecar, times: usize) -> Vec<u16> {
    let mut told = Vec::new();
    for _ in 0..times {
        told.push(sidecar.client().post(CHAT, chat("r")).await.status);
    }
    told
}

/// C1: from the very next request on, not at the next tick.
#[tokio::test]
async fn a_failing_target_leaves_the_rotation_at_once() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    assert_eq!(ask(&sidecar, 25).await, [200; 25]);
    assert!(a.hits() <= 6, "{} of 25 requests still went there", a.hits());
    assert!(settled(&sidecar, 25).await.sum("outrigger_cooldowns_total", &[("provider", "default/a")]) >= 1.0);
}

/// C1: being the fallback protects nobody.
#[tokio::test]
async fn a_fallback_is_cooled_too() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([Reply::error(500)]).await);
    let c = Upstream::start([chat_ok("c")]).await;
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).provider("c", c.base_url());
    let sidecar = Sidecar::with_policy(policy.route_with("r", &["a", "b", "c"], afresh)).await;
    assert_eq!(ask(&sidecar, 20).await, [200; 20]);
    assert!(a.hits() <= 6 && b.hits() <= 6, "{} {}", a.hits(), b.hits());
}

/// C1, C3, C4: a pool of one rests too; a caller that comes meanwhile is answered in time, and is no further failure.
#[tokio::test]
async fn a_pool_of_one_rests_and_is_tried_when_it_recovers() {
    let a = Upstream::start([Reply::error(429).header("retry-after-ms", "1500"), chat_ok("back")]).await;
    let policy = Policy::new()
        .provider("a", a.base_url())
        .route_with("r", &["a"], |route| route.failover("attempts: 1, maxWait: 8s"));
    let sidecar = Sidecar::with_policy(policy).await;
    assert_eq!(ask(&sidecar, 1).await, [429]);
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str(), a.hits()), (200, "back", 2), "{}", answer.text());
    let seen = a.requests();
    assert!(seen[1].at - seen[0].at >= Duration::from_millis(1400), "{:?}", seen[1].at - seen[0].at);
    assert_eq!(settled(&sidecar, 2).await.sum("outrigger_attempts_total", &[("outcome", "rate_limited")]), 1.0);
}

/// C2: a later failure with a shorter wait does not bring a resting key back early.
#[tokio::test]
async fn a_second_failure_never_shortens_a_rest() {
    let short = Reply::error(429).header("retry-after-ms", "200").slow_head(500);
    let long = Reply::error(429).header("retry-after", "30");
    let a = Upstream::with(move |_, number| if number == 0 { short.clone() } else { long.clone() }).await;
    let b = Upstream::start([chat_ok("b")]).await;
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    let (client, other) = (sidecar.client(), sidecar.client());
    let slow = tokio::spawn(async move { client.post(CHAT, chat("r")).await.status });
    a.wait_for(1).await;
    assert_eq!(other.post(CHAT, chat("r")).await.status, 200);
    assert_eq!((slow.await.unwrap(), a.hits()), (200, 2));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!((ask(&sidecar, 3).await, a.hits()), (vec![200; 3], 2));
}

/// C4: everything rests, so the one that recovers first is waited for.
#[tokio::test]
async fn of_resting_targets_the_first_to_recover_is_taken() {
    let late = Upstream::start([Reply::error(429).header("retry-after", "30"), chat_ok("late")]).await;
    let soon = Upstream::start([Reply::error(429).header("retry-after-ms", "800"), chat_ok("soon")]).await;
    let policy = Policy::new().provider("a", late.base_url()).provider("b", soon.base_url());
    let policy = policy.route_with("r", &["a", "b"], |route| route.failover("attempts: 2, maxWait: 8s"));
    let sidecar = Sidecar::with_policy(policy).await;
    assert_eq!(ask(&sidecar, 1).await, [429]);
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str(), late.hits()), (200, "soon", 1), "{}", answer.text());
}

/// C5: one or two failures prove nothing.
#[tokio::test]
async fn a_single_failure_does_not_trip() {
    let a = Upstream::start([Reply::error(500), chat_ok("a")]).await;
    let b = Upstream::start([chat_ok("b")]).await;
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    assert_eq!(ask(&sidecar, 1).await, [200]);
    assert_eq!(settled(&sidecar, 1).await.sum("outrigger_cooldowns_total", &[]), 0.0);
}

/// C5: a 429 that says how long rests that key for that long, and no other.
#[tokio::test]
async fn a_limited_key_rests_alone_and_for_as_long_as_told() {
    let a = Upstream::with(|request, number| {
        let first = request.header("authorization") == Some("Bearer sk-one") && number == 0;
        if first { Reply::error(429).header("retry-after-ms", "1500") } else { chat_ok("a") }
    })
    .await;
    let policy = Policy::new().provider_with("a", a.base_url(), |provider| {
        provider.credential("one", "sk-one", 1_000_000).credential("two", "sk-two", 1)
    });
    let sidecar = Sidecar::with_policy(policy.route("r", &["a"])).await;
    assert_eq!(ask(&sidecar, 4).await, [200; 4]);
    let keys = |from: usize| -> Vec<String> {
        a.requests()[from..].iter().map(|seen| seen.header("authorization").unwrap_or("").to_owned()).collect()
    };
    let two = "Bearer sk-two";
    assert_eq!(keys(0), ["Bearer sk-one", two, two, two, two]);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!((ask(&sidecar, 1).await, keys(5)), (vec![200], vec!["Bearer sk-one".to_owned()]));
}

/// C5: a caller that sends nonsense cools nobody.
#[tokio::test]
async fn a_mistake_of_the_caller_never_cools() {
    let a = Upstream::start([Reply::error(400)]).await;
    let b = Upstream::start([chat_ok("b")]).await;
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    assert_eq!(ask(&sidecar, 30).await, [400; 30]);
    assert_eq!((a.hits(), b.hits()), (30, 0));
    assert_eq!(settled(&sidecar, 30).await.sum("outrigger_cooldowns_total", &[]), 0.0);
}

/// C6: half open with one request at a time, the others go on elsewhere, and wider with each success.
#[tokio::test]
async fn recovery_begins_with_a_single_request() {
    let a = Upstream::with(|_, number| if number < 5 { Reply::error(500) } else { chat_ok("a").slow_head(400) }).await;
    let b = Upstream::start([chat_ok("b")]).await;
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    while a.hits() < 5 {
        assert_eq!(ask(&sidecar, 1).await, [200]);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(b.hits() < 200, "never went back to a");
    }
    tokio::time::sleep(Duration::from_millis(5600)).await;
    let burst = |size: usize| {
        let client = sidecar.client();
        let calls: Vec<_> = (0..size)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.post(CHAT, chat("r")).await.status })
            })
            .collect();
        async move {
            for call in calls {
                assert_eq!(call.await.unwrap(), 200);
            }
        }
    };
    burst(8).await;
    assert_eq!(a.hits(), 6, "one probe");
    burst(8).await;
    assert_eq!(a.hits(), 8, "then two");
}

/// C7: an edit of something else keeps a running cooldown.
#[tokio::test]
async fn a_policy_edit_keeps_a_cooldown() {
    let (a, b) =
        (Upstream::start([Reply::error(429).header("retry-after", "60")]).await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(two(&a, &b)).await;
    assert_eq!((ask(&sidecar, 3).await, a.hits()), (vec![200; 3], 1));
    sidecar.edit(two(&a, &b).route("new", &["b"]));
    while sidecar.client().post(CHAT, chat("new")).await.status != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((ask(&sidecar, 5).await, a.hits()), (vec![200; 5], 1));
}

/// H24: while all targets of a route cool, one request at a time asks; the others wait for what becomes of it, or are told
/// when to come back. Who comes alone asks.
#[tokio::test]
async fn while_everything_cools_one_request_at_a_time_asks() {
    let limited = Reply::error(429).header("retry-after", "60");
    let a = Upstream::start([limited.clone(), limited.clone().slow_head(1_500)]).await;
    let policy = Policy::new()
        .provider("a", a.base_url())
        .route_with("r", &["a"], |route| route.failover("attempts: 1, maxWait: 5s"));
    let sidecar = Sidecar::with_policy(policy).await;
    let flood = async || {
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let client = sidecar.client();
            callers.spawn(async move { client.post(CHAT, chat("r")).await });
        }
        callers.join_all().await
    };
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.status, 429);
    let answers = flood().await;
    assert!(a.hits() <= 3, "{} requests reached it", a.hits());
    for answer in answers {
        assert!(matches!(answer.status, 429 | 503), "{}: {}", answer.status, answer.text());
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((50..=60).contains(&wait), "{wait}: {}", answer.text());
    }
    // It recovers: one finds out, and those who wait for that are answered.
    a.rewrite([chat_ok("a").slow_head(1_500), chat_ok("a")]);
    assert!(flood().await.iter().all(|answer| answer.status == 200));
}
