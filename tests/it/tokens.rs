//! How long a prompt is, before it is sent.

use std::time::Duration;

use serde_json::json;

use crate::harness::*;

const MESSAGES: &str = "/v1/messages";

/// R12: a provider without `count_tokens` is spared: the sidecar estimates, and says that it did.
#[tokio::test]
async fn tokens_are_counted_here_where_the_provider_cannot() {
    let (o, c) =
        (Upstream::start([chat_ok("o")]).await, Upstream::start([Reply::json(200, json!({"input_tokens": 42}))]).await);
    let policy = Policy::new()
        .provider_with("o", o.base_url(), |provider| provider.preset("openai"))
        .provider_with("c", c.base_url(), |provider| provider.preset("anthropic"))
        .route("r", &["o", "c"])
        .route("c", &["c"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let path = format!("{MESSAGES}/count_tokens");
    let mut request = message("r");
    request["messages"][0]["content"] = json!("one two three four five six seven eight nine ten ".repeat(20));
    let answer = sidecar.client().post(&path, &request).await;
    let tokens = answer.json()["input_tokens"].as_u64().unwrap();
    assert!((200..=230).contains(&tokens), "{}", answer.text());
    assert_eq!(
        (answer.status, answer.header("x-outrigger-estimated"), &answer.json()["estimated"]),
        (200, Some("true"), &json!(true))
    );
    request["model"] = json!("c");
    let answer = sidecar.client().post(&path, &request).await;
    assert_eq!((answer.json()["input_tokens"].as_u64(), answer.header("x-outrigger-estimated")), (Some(42), None));
    assert_eq!((o.hits(), c.last().path.as_str()), (0, path.as_str()));
}

/// Z10, C6: what is counted here uses no provider's limit, and says nothing of its health.
#[tokio::test]
async fn a_count_made_here_measures_nobody() {
    let o = Upstream::start([chat_ok("o")]).await;
    let limited = |provider: Provider| provider.preset("openai").spec("limits: {requestsPerMinute: 1}");
    let policy = Policy::new().provider_with("o", o.base_url(), limited).route("r", &["o"]);
    let sidecar = Sidecar::with_policy(policy).await;
    for _ in 0..3 {
        let answer = sidecar.client().post(&format!("{MESSAGES}/count_tokens"), message("r")).await;
        assert_eq!((answer.status, answer.header("x-outrigger-provider")), (200, None), "{}", answer.text());
    }
    assert_eq!(sidecar.metrics().await.sum("outrigger_attempts_total", &[("outcome", "ok")]), 0.0);
    assert_eq!(sidecar.client().post("/v1/chat/completions", chat("r")).await.status, 200);
}

/// A prompt that is certainly too long for a model's context window goes to the next one at once, without a call. Bytes
/// alone cannot tell here; the vocabulary that can is loaded beside the first request that would need it.
#[tokio::test]
async fn a_prompt_too_long_for_the_window_is_sent_elsewhere() {
    let (small, large) = (Upstream::start([chat_ok("small")]).await, Upstream::start([chat_ok("large")]).await);
    let window = |tokens: u32| format!("model: openai/gpt-4o, upstreamName: m, contextLength: {tokens}");
    let policy = Policy::new()
        .provider_with("s", small.base_url(), |provider| provider.model_spec(&window(1_000)))
        .provider_with("l", large.base_url(), |provider| provider.model_spec(&window(100_000)))
        .route_with("r", &[], |route| {
            let to = |provider| format!("model: openai/gpt-4o, provider: {provider}");
            route.target(&to("s")).target(&format!("{}, priority: 1", to("l")))
        });
    let sidecar = Sidecar::with_policy(policy).await;
    // 2,000 words of one token each: 6,000 bytes would be a thousand tokens by the bound alone.
    let mut request = chat("r");
    request["messages"][0]["content"] = json!("a b ".repeat(1_000));
    let begun = std::time::Instant::now();
    let last = loop {
        let answer = sidecar.client().post("/v1/chat/completions", &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        if answer.said() == "large" || begun.elapsed() > PATIENCE {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((last.said().as_str(), last.header("x-outrigger-attempts")), ("large", Some("1")));
    request["messages"][0]["content"] = json!("a b ".repeat(300));
    let answer = sidecar.client().post("/v1/chat/completions", &request).await;
    assert_eq!(answer.said(), "small", "what fits stays");
}

/// `explain` tells how long the prompt is and what reading it would cost.
#[tokio::test]
async fn a_decision_is_explained_with_the_prompts_length_and_price() {
    let up = Upstream::start([chat_ok("x")]).await;
    let sidecar = Sidecar::with_policy(Policy::new().provider("a", up.base_url()).route("r", &["a"])).await;
    let folder = tempfile::tempdir().unwrap();
    let request = folder.path().join("request.json");
    let mut body = chat("r");
    body["messages"][0]["content"] = json!("one two three four five six seven eight nine ten ".repeat(20));
    std::fs::write(&request, body.to_string()).unwrap();
    let mut explain = std::process::Command::new(program("outrigger"));
    let output = explain.arg("explain").arg("--policy").arg(sidecar.policy_folder()).arg(&request).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let prompt = &told["attempts"][0]["prompt"];
    let tokens = prompt["estimated_tokens"].as_u64().unwrap();
    assert!((180..=320).contains(&tokens), "{told}");
    // A dollar a million.
    assert_eq!(prompt["estimated_cost"].as_str().unwrap().parse::<f64>().unwrap(), tokens as f64 / 1e6, "{told}");
}
