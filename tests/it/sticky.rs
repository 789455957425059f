//! Which conversations stay with their provider, and for how long.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{harness::*, surfaces::Surface};

const CHAT: &str = "/v1/chat/completions";
/// Longer than the `ttl: 1s` of these stories.
const IDLE: Duration = Duration::from_millis(1_500);

/// `a` is preferred and fails once, so that whoever asks first is answered by `b`, whose cache is warm from then on.
async fn fails_once() -> (Upstream, Upstream) {
    (Upstream::start([Reply::error(500), chat_ok("a")]).await, Upstream::start([chat_cached("b")]).await)
}

fn policy(a: &Upstream, b: &Upstream, ttl: &str) -> Policy {
    let sticky = format!("stickiness: {{ttl: {ttl}}}");
    let providers = Policy::new().provider("a", a.base_url()).provider("b", b.base_url());
    providers.route_with("r", &["a", "b"], |route| route.spec(&sticky))
}

fn about(topic: &str, turns: usize) -> Value {
    let mut messages =
        vec![json!({"role": "system", "content": "be brief"}), json!({"role": "user", "content": topic})];
    for turn in 1..turns {
        messages.push(json!({"role": "assistant", "content": format!("answer {turn}")}));
        messages.push(json!({"role": "user", "content": format!("question {turn}")}));
    }
    json!({"model": "r", "messages": messages})
}

/// Later turns go to who answered last, though another is preferred again; a new conversation does not.
#[tokio::test]
async fn a_conversation_stays_with_who_answered_it_after_a_failover() {
    let (a, b) = fails_once().await;
    let sidecar = Sidecar::with_policy(policy(&a, &b, "10m")).await;
    for turns in 1..4 {
        assert_eq!(sidecar.client().post(CHAT, about("weather", turns)).await.said(), "b", "turn {turns}");
    }
    for turns in 1..3 {
        assert_eq!(sidecar.client().post(CHAT, about("music", turns)).await.said(), "a", "turn {turns}");
    }
    assert_eq!(sidecar.client().post(CHAT, about("weather", 4)).await.said(), "b");
}

/// H25: a tie to a target that has nothing of the conversation in its cache is no reason to pass over a better one.
#[tokio::test]
async fn a_cold_tie_does_not_beat_a_better_priority() {
    let (a, b) = (Upstream::start([Reply::error(500), chat_ok("a")]).await, Upstream::start([chat_ok("b")]).await);
    let sidecar = Sidecar::with_policy(policy(&a, &b, "10m")).await;
    assert_eq!(sidecar.client().post(CHAT, about("weather", 1)).await.said(), "b");
    assert_eq!(sidecar.client().post(CHAT, about("weather", 2)).await.said(), "a");
}

/// H25, Z9: a tie belongs to one route and to one caller.
#[tokio::test]
async fn a_tie_is_not_shared_between_routes_or_callers() {
    let (a, b) = fails_once().await;
    let other = policy(&a, &b, "10m").route_with("s", &["a", "b"], |route| route.spec("stickiness: {ttl: 10m}"));
    let sidecar = Sidecar::with_policy(other).await;
    let ask = async |client: Client, model: &str| {
        let mut request = about("weather", 1);
        request["model"] = json!(model);
        client.post(CHAT, request).await.said()
    };
    let first = || sidecar.client().header("authorization", "Bearer one");
    assert_eq!(ask(first(), "r").await, "b");
    assert_eq!(ask(first(), "r").await, "b");
    assert_eq!(ask(first(), "s").await, "a");
    assert_eq!(ask(sidecar.client().header("authorization", "Bearer two"), "r").await, "a");
}

/// A tie ends when it was idle for its time.
#[tokio::test]
async fn a_tie_ends_when_it_was_idle_for_its_ttl() {
    let (a, b) = fails_once().await;
    let sidecar = Sidecar::with_policy(policy(&a, &b, "1s")).await;
    assert_eq!(sidecar.client().post(CHAT, about("weather", 1)).await.said(), "b");
    tokio::time::sleep(IDLE).await;
    assert_eq!(sidecar.client().post(CHAT, about("weather", 2)).await.said(), "a");
}

/// A session that is named is the conversation, whatever the messages and the cache key are.
#[tokio::test]
async fn a_named_session_wins_over_the_messages() {
    let (a, b) = fails_once().await;
    let sidecar = Sidecar::with_policy(policy(&a, &b, "10m")).await;
    let session = |name: &str| sidecar.client().header("x-session-id", name);
    assert_eq!(session("one").post(CHAT, about("weather", 1)).await.said(), "b");
    assert_eq!(session("one").post(CHAT, about("music", 1)).await.said(), "b");
    let mut keyed = about("games", 1);
    keyed["prompt_cache_key"] = json!("two");
    assert_eq!(session("one").post(CHAT, &keyed).await.said(), "b");
    assert_eq!(session("two").post(CHAT, about("weather", 1)).await.said(), "a");
    assert_eq!(sidecar.client().post(CHAT, about("weather", 1)).await.said(), "a");
    assert!(b.requests().iter().all(|seen| seen.header("x-session-id").is_none()), "it is ours");
}

/// R2: nobody but its issuer can verify signed reasoning, so such a turn goes back to it though its time has passed.
#[tokio::test]
async fn signed_reasoning_returns_to_its_issuer_though_the_ttl_passed() {
    let failed = Reply::json(500, messages_error_body("api_error", "scripted 500"));
    let (a, b) = (Upstream::start([failed, messages_ok("a")]).await, Upstream::start([messages_ok("b")]).await);
    let policy = Surface::Messages.policy(&[&a, &b], |route| route.spec("stickiness: {ttl: 1s}"));
    let sidecar = Sidecar::with_policy(policy).await;
    let ask = async |request: &Value| sidecar.client().post("/v1/messages", request).await.said();
    assert_eq!(ask(&message("r")).await, "b");
    let turn = |thought: Value| {
        let mut request = message("r");
        let messages = request["messages"].as_array_mut().unwrap();
        messages.push(json!({"role": "assistant", "content": [thought, {"type": "text", "text": "b"}]}));
        messages.push(json!({"role": "user", "content": "go on"}));
        request
    };
    tokio::time::sleep(IDLE).await;
    let signed = turn(json!({"type": "thinking", "thinking": "so", "signature": "c2lnbmVk"}));
    assert_eq!(ask(&signed).await, "b");
    let sent = &b.last().json()["messages"][1]["content"][0];
    assert_eq!(sent, &json!({"type": "thinking", "thinking": "so", "signature": "c2lnbmVk"}));
    tokio::time::sleep(IDLE).await;
    assert_eq!(ask(&turn(json!({"type": "text", "text": "so"}))).await, "a");
}
