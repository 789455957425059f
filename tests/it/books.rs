//! The figures of tokens and cost are what the vendor bills: whatever it counts beside what, however it says its own cost,
//! and whatever cannot be.

use serde_json::{Value, json};

use crate::{
    harness::*,
    surfaces::settled,
    usage::{generation, with_usage},
};

const CHAT: &str = "/v1/chat/completions";
const PRICES: &str = r#"input: "1", output: "2""#;

fn provider(name: &str, upstream: &Upstream, preset: &str) -> Policy {
    let model = format!("model: {MODEL}, upstreamName: {UPSTREAM_MODEL}, prices: {{{PRICES}}}");
    let with = |provider: Provider| {
        let provider = provider.model_spec(&model);
        if preset.is_empty() { provider } else { provider.preset(preset) }
    };
    Policy::new().provider_with(name, upstream.base_url(), with).route("r", &[name])
}

/// U7: reasoning beside the answer is booked, by the answer's own total and, without one, by the vendor.
#[tokio::test]
async fn reasoning_beside_the_answer_is_booked() {
    let told = json!({"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 303,
        "completion_tokens_details": {"reasoning_tokens": 290}});
    let untold = json!({"prompt_tokens": 12, "completion_tokens": 300,
        "completion_tokens_details": {"reasoning_tokens": 290}});
    let a = Upstream::start([with_usage(told), with_usage(untold)]).await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "xai")).await;
    for (completion, cost) in [(291, "0.000594"), (590, "0.001192")] {
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!(answer.header("x-outrigger-cost"), Some(cost), "{}", answer.text());
        let kept = generation(&sidecar, answer.header("x-generation-id").unwrap()).await;
        assert_eq!(kept["tokens_completion"], completion, "{kept}");
    }
}

/// U8: a compaction is booked, whole and streamed.
#[tokio::test]
async fn iterations_are_booked() {
    let usage = json!({"input_tokens": 612, "output_tokens": 2819, "iterations": [
        {"type": "compaction", "input_tokens": 60385, "output_tokens": 522},
        {"type": "message", "input_tokens": 612, "output_tokens": 2819}]});
    let whole = json!({"id": "msg", "type": "message", "role": "assistant", "model": "m-up",
        "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "stop_sequence": null, "usage": usage});
    let streamed = [
        Ev::named(
            "message_start",
            json!({"type": "message_start", "message": {"id": "msg", "model": "m-up",
            "usage": {"input_tokens": 612, "output_tokens": 1}}}),
        ),
        Ev::named(
            "content_block_start",
            json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}}),
        ),
        Ev::named(
            "content_block_delta",
            json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": "x"}}),
        ),
        Ev::named("content_block_stop", json!({"type": "content_block_stop", "index": 0})),
        Ev::named(
            "message_delta",
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
            "usage": usage}),
        ),
        Ev::named("message_stop", json!({"type": "message_stop"})),
    ];
    let a = Upstream::start([Reply::json(200, whole), Reply::sse(streamed)]).await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "anthropic")).await;
    let answer = sidecar.client().post("/v1/messages", message("r")).await;
    // 60,997 + 2 x 3,341
    assert_eq!(answer.header("x-outrigger-cost"), Some("0.067679"), "{}", answer.text());
    let streamed = sidecar.client().stream("/v1/messages", message_streamed("r")).await;
    let kept = generation(&sidecar, streamed.header("x-generation-id").unwrap()).await;
    assert_eq!((&kept["tokens_prompt"], &kept["total_cost"]), (&json!(60_997), &json!(0.067_679)), "{kept}");
}

/// U9, U10: a tier and a tool without a price are no secret.
#[tokio::test]
async fn what_the_price_says_nothing_of_is_counted() {
    let a = Upstream::start([Reply::json(
        200,
        json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m-up", "service_tier": "priority",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2,
            "server_tool_use": {"web_search_requests": 1}}}),
    )])
    .await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "")).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(answer.header("x-outrigger-cost"), Some("0.000003"));
    let metrics = settled(&sidecar, 1).await;
    for part in ["service_tier", "tool"] {
        assert_eq!(metrics.sum("outrigger_unpriced_parts_total", &[("part", part)]), 1.0, "{part}");
    }
}

/// U11: the upstream's cost is the cost, everywhere; the price row's stands beside it, and both are counted.
#[tokio::test]
async fn a_stated_cost_is_the_cost() {
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cost": 0.0026,
        "is_byok": false});
    let a = Upstream::start([with_usage(usage)]).await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "")).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(
        (&answer.json()["usage"]["cost"], answer.header("x-outrigger-cost")),
        (&json!(0.0026), Some("0.0026")),
        "{}",
        answer.text()
    );
    let kept = generation(&sidecar, answer.header("x-generation-id").unwrap()).await;
    assert_eq!(
        (&kept["total_cost"], &kept["priced_by"], &kept["estimated_cost"]),
        (&json!(0.0026), &json!("upstream"), &json!(0.0012)),
        "{kept}"
    );
    let metrics = settled(&sidecar, 1).await;
    assert_eq!(metrics.sum("outrigger_cost_nano_usd_total", &[]), 2_600_000.0);
    let stated = |by| metrics.sum("outrigger_stated_cost_nano_usd_total", &[("by", by)]);
    assert_eq!((stated("upstream"), stated("catalogue")), (2_600_000.0, 1_200_000.0));
}

/// U11, U5: where failed attempts were billed too, the answer says the one cost that includes them.
#[tokio::test]
async fn one_answer_says_one_cost() {
    let billed = json!({"error": {"message": "overloaded", "type": "server_error", "code": "server_error"},
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "cost": 0.001}});
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.002});
    let (a, b) = (Upstream::start([Reply::json(500, billed)]).await, Upstream::start([with_usage(usage)]).await);
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(
        (answer.json()["usage"]["cost"].as_f64(), answer.header("x-outrigger-cost")),
        (Some(0.003), Some("0.003")),
        "{}",
        answer.text()
    );
}

/// H10: counters grow whatever is said, and what cannot be is counted as such.
#[tokio::test]
async fn counters_only_grow() {
    let usage = |prompt: u64| json!({"prompt_tokens": prompt, "completion_tokens": 1});
    let a = Upstream::start([with_usage(usage(5)), with_usage(usage(u64::MAX))]).await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "")).await;
    let mut before = 0.0;
    for answers in 1..=2 {
        sidecar.client().post(CHAT, chat("r")).await;
        let metrics = settled(&sidecar, answers).await;
        let tokens = metrics.sum("outrigger_tokens_total", &[("type", "input")]);
        assert!(tokens > before, "{tokens} behind {before}");
        before = tokens;
        assert_eq!(metrics.sum("outrigger_impossible_usage_total", &[]), (answers - 1) as f64);
    }
    assert_eq!(before, 1_000_000_005.0);
}

/// U14: a 200 that says nothing is no answer: the next target is asked, streamed or not, once.
#[tokio::test]
async fn an_answer_that_says_nothing_is_none() {
    let nothing = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m-up",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": null}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}});
    let silent = [
        Ev::data(json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m-up",
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]})),
        Ev::done(),
    ];
    let route = |a: &Upstream, b: &Upstream| {
        Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"])
    };
    let (a, b) = (Upstream::start([Reply::json(200, nothing)]).await, Upstream::start([chat_ok("b")]).await);
    let answer = Sidecar::with_policy(route(&a, &b)).await.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str(), a.hits()), (200, "b", 1));
    // U5: what the first one billed, 10 tokens at 1, and the answer's 11 and 7.
    assert_eq!(answer.header("x-outrigger-cost"), Some("0.000035"));
    let (a, b) = (Upstream::start([Reply::sse(silent)]).await, Upstream::start([chat_stream(["b"])]).await);
    let streamed = Sidecar::with_policy(route(&a, &b)).await.client().stream(CHAT, chat_streamed("r")).await;
    assert_eq!((streamed.said().as_str(), a.hits()), ("b", 1));
}

/// U14: an end without a reason stays one in the other dialect.
#[tokio::test]
async fn no_reason_for_an_end_is_made_up() {
    let body = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m-up",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}}]});
    let streamed = [chat_delta("x"), Ev::done()];
    let a = Upstream::start([Reply::json(200, body), Reply::sse(streamed)]).await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "")).await;
    let answer = sidecar.client().post("/v1/messages", message("r")).await;
    assert_eq!((answer.status, &answer.json()["stop_reason"]), (200, &Value::Null), "{}", answer.text());
    let streamed = sidecar.client().stream("/v1/messages", message_streamed("r")).await;
    assert!(!streamed.text().contains("end_turn"), "{}", streamed.text());
}

/// U12: what an upstream says that it used, in its error or behind it, is booked in place of an estimate.
#[tokio::test]
async fn usage_in_or_behind_an_error_is_booked() {
    let text = "word ".repeat(100);
    let usage = json!({"prompt_tokens": 43, "completion_tokens": 10, "total_tokens": 53});
    let error = json!({"code": 502, "message": "broke"});
    let within = Ev::data(json!({"error": error, "choices": [], "usage": usage}));
    let bare = Ev::data(json!({"error": error, "choices": []}));
    let behind = || Ev::data(json!({"id": "c", "choices": [], "usage": usage}));
    let a = Upstream::start([
        Reply::sse([chat_delta(&text), within, Ev::done()]),
        Reply::sse([chat_delta(&text), bare, Ev::pause(10), behind(), Ev::done()]),
    ])
    .await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "")).await;
    for what in ["within", "behind"] {
        let streamed = sidecar.client().stream(CHAT, chat_streamed("r")).await;
        assert_eq!(streamed.end, End::Abnormal, "{what}");
        let kept = generation(&sidecar, streamed.header("x-generation-id").unwrap()).await;
        assert_eq!(
            (&kept["tokens_prompt"], &kept["tokens_completion"], &kept["usage_estimated"]),
            (&json!(43), &json!(10), &json!(false)),
            "{what}: {kept}"
        );
    }
}

/// U13: sound by its length, and tokens in a stream that passes as it is.
#[tokio::test]
async fn transcriptions_are_booked() {
    let events = [
        Ev::named("transcript.text.delta", json!({"type": "transcript.text.delta", "delta": "hi"})),
        Ev::named(
            "transcript.text.done",
            json!({"type": "transcript.text.done", "text": "hi",
            "usage": {"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
                "output_tokens": 45, "total_tokens": 59}}),
        ),
    ];
    let a = Upstream::start([Reply::sse(events)]).await;
    let sidecar = Sidecar::with_policy(provider("a", &a, "")).await;
    let form = "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n\u{0}\u{1}\r\n--B\r\n\
                content-disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--B\r\n\
                content-disposition: form-data; name=\"model\"\r\n\r\nr\r\n--B--\r\n";
    let client = sidecar.client().header("content-type", "multipart/form-data; boundary=B");
    let answer = client.post("/v1/audio/transcriptions", form).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kept = generation(&sidecar, answer.header("x-generation-id").unwrap()).await;
    // 14 x 1 + 45 x 2
    assert_eq!((&kept["tokens_prompt"], &kept["total_cost"]), (&json!(14), &json!(0.000_104)), "{kept}");
}

/// H17: an answer that cannot be read is bought once of each target, and what was billed is in the total of the failure.
#[tokio::test]
async fn what_cannot_be_read_is_bought_once() {
    let broken = || {
        Reply::json(
            200,
            json!({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}}),
        )
    };
    let a = Upstream::start([broken(), broken(), broken(), broken()]).await;
    let b = Upstream::start([broken(), broken(), broken(), broken()]).await;
    let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url());
    let policy = policy.route_with("r", &["a", "b"], |route| route.failover("attempts: 4"));
    let sidecar = Sidecar::with_policy(policy).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!((answer.status, a.hits(), b.hits()), (502, 1, 1), "{}", answer.text());
    assert_eq!(answer.header("x-outrigger-cost"), Some("0.00024"));
    let metrics = settled(&sidecar, 1).await;
    assert_eq!(metrics.sum("outrigger_cost_nano_usd_total", &[]), 240_000.0);
}
