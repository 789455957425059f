//! Tokens and money: asked for, hidden from who did not ask, counted once, kept when the stream breaks.

use serde_json::{Value, json};

use crate::{harness::*, surfaces::settled};

const CHAT: &str = "/v1/chat/completions";

/// One provider at these prices per million tokens, under route `r`.
fn priced(upstream: &Upstream, prices: &str) -> Policy {
    let model = format!("model: {MODEL}, upstreamName: {UPSTREAM_MODEL}, prices: {{{prices}}}");
    Policy::new().provider_with("a", upstream.base_url(), |provider| provider.model_spec(&model)).route("r", &["a"])
}

fn plain(upstream: &Upstream) -> Policy {
    priced(upstream, r#"input: "1", output: "2""#)
}

/// A chat answer with this usage.
pub fn with_usage(usage: Value) -> Reply {
    Reply::json(
        200,
        json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m-up",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
        "usage": usage}),
    )
}

/// What is remembered of a request, once it has settled.
pub async fn generation(sidecar: &Sidecar, id: &str) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let answer = sidecar.client().get(&format!("/v1/generation?id={id}")).await;
        if answer.status == 200 {
            return answer.json()["data"].clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{}", answer.text());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// U1: always obtained, never shown to a caller that did not ask.
#[tokio::test]
async fn stream_usage_is_obtained_and_hidden_from_who_did_not_ask() {
    let a = Upstream::start([chat_stream(["Hel", "lo"])]).await;
    let sidecar = Sidecar::with_policy(plain(&a)).await;
    for options in [Value::Null, json!({"include_usage": false}), json!({"include_obfuscation": false})] {
        let mut request = chat_streamed("r");
        if !options.is_null() {
            request["stream_options"] = options.clone();
        }
        let streamed = sidecar.client().stream(CHAT, request).await;
        let sent = a.last().json()["stream_options"].clone();
        assert_eq!(sent["include_usage"], true, "{options}");
        assert_eq!(sent.get("include_obfuscation"), options.get("include_obfuscation"));
        assert!(!streamed.text().contains("usage"), "{options}: {}", streamed.text());
        assert_eq!((streamed.said().as_str(), streamed.is_done()), ("Hello", true));
        let kept = generation(&sidecar, streamed.header("x-generation-id").unwrap()).await;
        assert_eq!((&kept["tokens_prompt"], &kept["tokens_completion"]), (&json!(11), &json!(7)), "{kept}");
        assert_eq!((&kept["total_cost"], &kept["usage_estimated"]), (&json!(0.000_025), &json!(false)));
    }
}

/// U1: who asks gets it, with the cost.
#[tokio::test]
async fn stream_usage_is_shown_with_its_cost_to_who_asked() {
    let a = Upstream::start([chat_stream(["Hel", "lo"])]).await;
    let sidecar = Sidecar::with_policy(plain(&a)).await;
    let streamed = sidecar.client().stream(CHAT, chat_streamed_with_usage("r")).await;
    let usages: Vec<Value> = streamed
        .data()
        .iter()
        .filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .map(|event| event["usage"].clone())
        .filter(|usage| usage.is_object())
        .collect();
    assert_eq!(usages, [json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "cost": 0.000_025})]);
}

/// U5: cost in the body, in the header and in what is remembered are one number, of the target that served.
#[tokio::test]
async fn an_answer_says_what_it_cost() {
    let (a, b) = (Upstream::start([Reply::error(500)]).await, Upstream::start([chat_ok_usage("b", 1000, 100)]).await);
    let policy = Policy::new()
        .provider_with("a", a.base_url(), |provider| provider.priced(MODEL, "up", "100", "100"))
        .provider_with("b", b.base_url(), |provider| provider.priced(MODEL, "up", "3", "15"))
        .route("r", &["a", "b"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((&answer.json()["usage"]["cost"], answer.header("x-outrigger-cost")), (&json!(0.0045), Some("0.0045")));
    let kept = generation(&sidecar, answer.header("x-generation-id").unwrap()).await;
    assert_eq!(
        (&kept["total_cost"], &kept["provider"], &kept["model"]),
        (&json!(0.0045), &json!("default/b"), &json!(MODEL))
    );
    assert_eq!(kept["provider_responses"].as_array().unwrap().len(), 2, "{kept}");
    let metrics = settled(&sidecar, 1).await;
    assert_eq!(metrics.sum("outrigger_cost_nano_usd_total", &[("provider", "default/b")]), 4_500_000.0);
    assert_eq!(metrics.sum("outrigger_cost_nano_usd_total", &[("provider", "default/a")]), 0.0);
}

/// U2: zero is a number; only what is missing is estimated.
#[tokio::test]
async fn an_explicit_zero_is_not_missing() {
    let zero = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
    let a = Upstream::start([with_usage(zero), with_usage(Value::Null)]).await;
    let sidecar = Sidecar::with_policy(plain(&a)).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(answer.json()["usage"]["cost"].as_f64(), Some(0.0), "{}", answer.text());
    let kept = generation(&sidecar, answer.header("x-generation-id").unwrap()).await;
    assert_eq!((&kept["tokens_prompt"], &kept["total_cost"]), (&json!(0), &json!(0.0)));
    assert_eq!(kept["usage_estimated"], false);
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    let kept = generation(&sidecar, answer.header("x-generation-id").unwrap()).await;
    assert!(kept["tokens_prompt"].is_null() || kept["usage_estimated"] == true, "{kept}");
}

/// U3: OpenAI counts cached and reasoning tokens within the totals, Anthropic counts cached ones beside them; each is
/// paid once, at its own price.
#[tokio::test]
async fn cached_tokens_are_paid_once_in_either_dialect() {
    let prices =
        r#"input: "10", output: "20", cacheRead: "1", cacheWrite5m: "12", cacheWrite1h: "16", reasoning: "40""#;
    let a =
        Upstream::start([with_usage(json!({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 800},
        "completion_tokens_details": {"reasoning_tokens": 60}}))])
        .await;
    let answer = Sidecar::with_policy(priced(&a, prices)).await.client().post(CHAT, chat("r")).await;
    // 200 x 10 + 800 x 1 + 40 x 20 + 60 x 40
    assert_eq!(answer.json()["usage"]["cost"], json!(0.006), "{}", answer.text());

    let b = Upstream::start([Reply::json(
        200,
        json!({"id": "msg", "type": "message", "role": "assistant",
        "model": "m-up", "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 200, "cache_read_input_tokens": 800, "cache_creation_input_tokens": 300,
            "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            "output_tokens": 50}}),
    )])
    .await;
    let model = format!("model: {MODEL}, upstreamName: up, prices: {{{prices}}}");
    let policy = Policy::new()
        .provider_with("b", b.base_url(), |provider| provider.preset("anthropic").model_spec(&model))
        .route("r", &["b"]);
    let answer = Sidecar::with_policy(policy).await.client().post("/v1/messages", message("r")).await;
    // 200 x 10 + 800 x 1 + 100 x 12 + 200 x 16 + 50 x 20
    assert_eq!(answer.json()["usage"]["cost"], json!(0.0082), "{}", answer.text());
}

/// U4: what was seen of a broken stream is recorded and marked as an estimate, and so is what a caller broke off.
#[tokio::test]
async fn an_interrupted_stream_is_recorded_as_an_estimate() {
    let text = "word ".repeat(40);
    let a = Upstream::start([
        Reply::sse([chat_delta(&text), chat_delta(&text)]).reset_after(2),
        Reply::sse([chat_delta(&text), Ev::stall()]),
    ])
    .await;
    let sidecar = Sidecar::with_policy(plain(&a)).await;
    let broken = sidecar.client().stream(CHAT, chat_streamed("r")).await;
    assert_eq!(broken.end, End::Abnormal);
    let mut left = sidecar.client().open(CHAT, chat_streamed("r")).await;
    left.next().await;
    let left_id = left.header("x-generation-id").unwrap().to_owned();
    drop(left);
    for id in [broken.header("x-generation-id").unwrap(), &left_id] {
        let kept = generation(&sidecar, id).await;
        assert_eq!(kept["usage_estimated"], true, "{kept}");
        assert!(kept["tokens_completion"].as_u64() >= Some(25), "{kept}");
        assert!(kept["total_cost"].as_f64() > Some(0.0), "{kept}");
    }
    let metrics = settled(&sidecar, 2).await;
    assert_eq!(metrics.sum("outrigger_estimated_usage_total", &[]), 2.0);
    assert_eq!(metrics.sum("outrigger_requests_total", &[("outcome", "cancelled")]), 1.0);
}

/// U5: an attempt that was billed before it failed is in the total, at the target that billed it.
#[tokio::test]
async fn a_failed_attempt_that_was_billed_is_counted() {
    let billed = json!({"error": {"message": "overloaded", "type": "server_error", "code": "server_error"},
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}});
    let (a, b) = (Upstream::start([Reply::json(500, billed)]).await, Upstream::start([chat_ok("b")]).await);
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let sidecar = Sidecar::with_policy(policy).await;
    assert_eq!(sidecar.client().post(CHAT, chat("r")).await.said(), "b");
    let metrics = settled(&sidecar, 1).await;
    assert_eq!(metrics.sum("outrigger_cost_nano_usd_total", &[("provider", "default/a")]), 120_000.0);
    assert_eq!(metrics.sum("outrigger_cost_nano_usd_total", &[("provider", "default/b")]), 25_000.0);
}

/// U6: a model without a price costs an unknown amount, which is not nothing.
#[tokio::test]
async fn an_unknown_price_is_absent_and_counted_and_never_zero() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider_with("a", a.base_url(), |provider| provider.model("test/own", "up"));
    let policy = policy.route_with("r", &[], |route| route.target("model: test/own, provider: a"));
    let sidecar = Sidecar::with_policy(policy).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.json()["usage"].get("cost"), answer.header("x-outrigger-cost")), (None, None));
    let kept = generation(&sidecar, answer.header("x-generation-id").unwrap()).await;
    assert_eq!(kept["total_cost"], Value::Null);
    assert_eq!(settled(&sidecar, 1).await.sum("outrigger_unpriced_total", &[("provider", "default/a")]), 1.0);
}

/// U6: what is not remembered is said to be so.
#[tokio::test]
async fn an_unknown_generation_is_not_found() {
    let a = Upstream::start([chat_ok("a")]).await;
    let answer = Sidecar::with_policy(plain(&a)).await.client().get("/v1/generation?id=gen-none").await;
    assert_eq!((answer.status, answer.header("x-outrigger-error")), (404, Some("generation_not_found")));
}
