//! A caller of one dialect, a provider of the other. What is translated into what is told in `wire`; here it is told that
//! the whole of it works, on real sockets, beside failover, records and policy.

use serde_json::{Value, json};

use crate::{
    harness::*,
    surfaces::{Surface, settled},
};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

/// A policy of an OpenAI-speaking `o` and an Anthropic-speaking `c`, in this order or the other, under route `r`.
fn both(o: &Upstream, c: &Upstream, order: &[&str]) -> Policy {
    Policy::new()
        .provider_with("o", o.base_url(), |provider| provider.preset("openai"))
        .provider_with("c", c.base_url(), |provider| provider.preset("anthropic"))
        .route("r", order)
}

/// One provider of a preset under route `r`.
fn one(upstream: &Upstream, preset: &str) -> Policy {
    Policy::new().provider_with("a", upstream.base_url(), |provider| provider.preset(preset)).route("r", &["a"])
}

/// R9, R12: each side hears its own path, its own headers and its own words.
#[tokio::test]
async fn each_side_speaks_its_own_dialect() {
    let c = Upstream::start([messages_ok("hi")]).await;
    let sidecar = Sidecar::with_policy(one(&c, "anthropic")).await;
    let client =
        sidecar.client().header("openai-organization", "org").header("openai-beta", "b").header("x-app", "kept");
    let client = client.header("x-anthropic-beta", "beta-1");
    let answer = client.post(CHAT, chat("r")).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "hi"), "{}", answer.text());
    assert_eq!(answer.json()["object"], "chat.completion");
    let seen = c.last();
    assert_eq!((seen.path.as_str(), &seen.json()["model"]), (MESSAGES, &json!(UPSTREAM_MODEL)));
    assert_eq!((seen.header("anthropic-version"), seen.header("x-api-key")), (Some("2023-06-01"), Some("sk-test-a")));
    assert_eq!((seen.header("openai-organization"), seen.header("openai-beta")), (None, None));
    assert_eq!((seen.header("anthropic-beta"), seen.header("x-anthropic-beta")), (Some("beta-1"), None));
    assert_eq!((seen.header("x-app"), seen.header("authorization")), (Some("kept"), None));

    let o = Upstream::start([chat_ok("hi")]).await;
    let sidecar = Sidecar::with_policy(one(&o, "openai")).await;
    let client = sidecar.client().header("anthropic-version", "2023-06-01").header("anthropic-beta", "b");
    let answer =
        client.header("x-anthropic-beta", "b").header("x-api-key", "caller").post(MESSAGES, message("r")).await;
    assert_eq!((answer.status, &answer.json()["type"]), (200, &json!("message")), "{}", answer.text());
    assert_eq!(answer.json()["content"][0]["text"], "hi");
    let seen = o.last();
    assert_eq!((seen.path.as_str(), seen.header("authorization")), (CHAT, Some("Bearer sk-test-a")));
    assert_eq!(
        (seen.header("anthropic-version"), seen.header("anthropic-beta"), seen.header("x-api-key")),
        (None, None, None)
    );
    assert_eq!(seen.header("x-anthropic-beta"), None);
}

/// U1, U3, U5: what was used is booked and priced as if the dialects were one, streamed or not.
#[tokio::test]
async fn usage_and_cost_are_booked_across_dialects() {
    for surface in [Surface::ChatInTranslation, Surface::MessagesInTranslation] {
        let up = Upstream::start([surface.whole("hi"), surface.stream(&["hi"])]).await;
        let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
        let answer = sidecar.client().post(surface.path(), surface.whole_request()).await;
        // 11 prompt tokens at 1, 7 answer tokens at 2 dollars a million.
        let cost = 0.000_025;
        assert_eq!((answer.status, answer.header("x-outrigger-cost")), (200, Some("0.000025")), "{}", answer.text());
        assert_eq!(answer.json()["usage"]["cost"], cost, "{surface:?}");
        let mut request = surface.request();
        request["stream_options"] = json!({"include_usage": true});
        let streamed = sidecar.client().stream(surface.path(), request).await;
        surface.assert_whole(&streamed, "hi");
        let events: Vec<Value> = streamed.data().iter().filter_map(|data| serde_json::from_str(data).ok()).collect();
        assert!(events.iter().any(|event| event["usage"]["cost"] == cost), "{surface:?}: {}", streamed.text());
        let metrics = settled(&sidecar, 2).await;
        let tokens = |kind| metrics.sum("outrigger_tokens_total", &[("type", kind)]);
        assert_eq!((tokens("input"), tokens("output")), (22.0, 14.0), "{surface:?}");
        assert_eq!(metrics.sum("outrigger_cost_nano_usd_total", &[]), 50_000.0, "{surface:?}");
    }
}

/// U1: a chat caller who did not ask for usage gets none, and it is booked all the same.
#[tokio::test]
async fn nobody_sees_usage_who_did_not_ask() {
    let c = Upstream::start([messages_stream(["hi"])]).await;
    let sidecar = Sidecar::with_policy(one(&c, "anthropic")).await;
    let streamed = sidecar.client().stream(CHAT, chat_streamed("r")).await;
    Surface::ChatInTranslation.assert_whole(&streamed, "hi");
    assert!(!streamed.text().contains("usage"), "{}", streamed.text());
    assert_eq!(settled(&sidecar, 1).await.sum("outrigger_tokens_total", &[("type", "output")]), 7.0);
}

/// F8, R13: an OpenAI-speaking primary fails, an Anthropic-speaking fallback answers the same request, and the other way
/// round: one seamless stream, each provider asked in its own words from the caller's own body.
#[tokio::test]
async fn failover_crosses_dialects_in_mid_request() {
    let failures = |chat: bool| {
        let error = if chat { error_body(503) } else { messages_error_body("overloaded_error", "busy") };
        let prelude = if chat { Surface::Chat } else { Surface::Messages };
        [
            Reply::refuse(),
            Reply::json(503, error),
            Reply::sse(prelude.prelude()).reset_after(1),
            Reply::sse(prelude.prelude().into_iter().chain([prelude.error("no")])),
        ]
    };
    for (order, caller, crossed) in [
        (["o", "c"], Surface::Chat, Surface::ChatInTranslation),
        (["o", "c"], Surface::MessagesInTranslation, Surface::Messages),
        (["c", "o"], Surface::Messages, Surface::MessagesInTranslation),
        (["c", "o"], Surface::ChatInTranslation, Surface::Chat),
    ] {
        for failure in failures(order[0] == "o") {
            let good = if order[0] == "o" { messages_stream(["Hel", "lo"]) } else { chat_stream(["Hel", "lo"]) };
            let (first, second) = (Upstream::start([failure.clone()]).await, Upstream::start([good]).await);
            let (o, c) = if order[0] == "o" { (&first, &second) } else { (&second, &first) };
            let sidecar = Sidecar::with_policy(both(o, c, &order)).await;
            let streamed = sidecar.client().stream(caller.path(), caller.request()).await;
            crossed.assert_whole(&streamed, "Hello");
            assert_eq!(streamed.header("x-outrigger-attempts"), Some("2"), "{order:?} {failure:?}");
            assert_eq!(second.last().json()["messages"][0]["content"].to_string().matches("hello").count(), 1);
        }
    }
}

/// R14: an error keeps its status and its words, and takes the caller's shape.
#[tokio::test]
async fn errors_take_the_callers_shape_and_keep_their_words() {
    let words = "max_tokens: must be at least 1";
    let c = Upstream::start([Reply::json(400, messages_error_body("invalid_request_error", words))]).await;
    let sidecar = Sidecar::with_policy(one(&c, "anthropic")).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status, &error["type"], &error["code"]),
        (400, &json!("invalid_request_error"), &json!("invalid_request"))
    );
    assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    let o =
        Upstream::start([Reply::json(429, error_with("rate_limit_error", "rate_limit_exceeded", "slow down"))]).await;
    let sidecar =
        Sidecar::with_policy(one(&o, "openai").route_with("once", &["a"], |route| route.failover("attempts: 1"))).await;
    let answer = sidecar.client().post(MESSAGES, message("once")).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["type"], &body["error"]["type"]),
        (429, &json!("error"), &json!("rate_limit_error"))
    );
    assert!(body["error"]["message"].as_str().unwrap().contains("slow down"), "{body}");
}

/// Visible loss: what the target cannot be told is dropped and named in a header, the log line and a counter, where a
/// caller's own words are no label (M1).
#[tokio::test]
async fn what_is_dropped_is_named_everywhere() {
    let c = Upstream::start([messages_ok("hi")]).await;
    let sidecar = Sidecar::with_policy(one(&c, "anthropic")).await;
    let mut request = chat("r");
    request["seed"] = json!(7);
    request["x_my_own"] = json!(1);
    request["temperature"] = json!(1.5);
    let answer = sidecar.client().post(CHAT, request).await;
    let dropped = "seed, x_my_own, temperature.above_one";
    let told =
        answer.header("x-outrigger-dropped").unwrap_or_default().split(", ").collect::<std::collections::BTreeSet<_>>();
    assert_eq!((answer.status, told), (200, dropped.split(", ").collect()), "{}", answer.text());
    assert_eq!(c.last().json()["temperature"], 1);
    let line = sidecar.wait_log("INFO request").await;
    assert!(line.contains("seed") && line.contains("x_my_own"), "{line}");
    let metrics = settled(&sidecar, 1).await;
    let count = |feature| metrics.sum("outrigger_dropped_total", &[("dialect", "messages"), ("feature", feature)]);
    assert_eq!((count("other"), count("temperature.above_one"), count("x_my_own")), (2.0, 1.0, 0.0));
}

/// What an answer says that the caller's dialect has no words for is named and counted, too.
#[tokio::test]
async fn what_the_answer_loses_is_named() {
    let content = json!([
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "text", "text": "hi", "citations": [{"type": "web_search_result_location", "url": "u"}]},
    ]);
    let body = json!({"id": "m", "type": "message", "role": "assistant", "model": "c", "content": content,
        "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}});
    let c = Upstream::start([Reply::json(200, body)]).await;
    let sidecar = Sidecar::with_policy(one(&c, "anthropic")).await;
    let answer = sidecar.client().post(CHAT, chat("r")).await;
    assert_eq!(
        (answer.said().as_str(), answer.header("x-outrigger-lost")),
        ("hi", Some("content.citations, content.hosted_tool"))
    );
    assert!(sidecar.wait_log("INFO request").await.contains("content.citations"));
    let metrics = settled(&sidecar, 1).await;
    assert_eq!(metrics.sum("outrigger_dropped_total", &[("feature", "content.hosted_tool")]), 1.0);
}

/// S15: an event that the translation cannot read is counted, and costs nothing but itself.
#[tokio::test]
async fn an_event_that_cannot_be_translated_is_counted() {
    let surface = Surface::MessagesInTranslation;
    let odd = Ev::data(r#"{"choices":[{"index":0,"delta":{"content":"x","tool_calls":{}}}]}"#);
    let events = surface.begun(&["Hel"]).into_iter().chain([odd, surface.text("lo")]).chain(surface.close());
    let up = Upstream::start([Reply::sse(events)]).await;
    let sidecar = Sidecar::with_policy(surface.policy(&[&up], |route| route)).await;
    let streamed = sidecar.client().stream(surface.path(), surface.request()).await;
    surface.assert_whole(&streamed, "Hello");
    assert_eq!(settled(&sidecar, 1).await.sum("outrigger_malformed_events_total", &[]), 1.0);
}

/// `require_parameters` removes a target that something would be lost for, and says what; a target that loses nothing, or
/// only hints, stays.
#[tokio::test]
async fn require_parameters_removes_targets_that_would_lose_some() {
    let (o, c) = (Upstream::start([chat_ok("o")]).await, Upstream::start([messages_ok("c")]).await);
    let sidecar = Sidecar::with_policy(both(&o, &c, &["c", "o"]).route("only-c", &["c"])).await;
    let mut request = chat("r");
    request["provider"] = json!({"require_parameters": true});
    request["metadata"] = json!({"a": "b"});
    let said = async |request: &Value| {
        let answer = sidecar.client().post(CHAT, request).await;
        (answer.status, answer.said())
    };
    assert_eq!(said(&request).await, (200, "c".to_owned()), "a hint is no parameter");
    request["x_my_own"] = json!(1);
    assert_eq!(said(&request).await, (200, "o".to_owned()));
    request["model"] = json!("only-c");
    let answer = sidecar.client().post(CHAT, &request).await;
    let body = answer.json();
    let removed = &body["error"]["metadata"]["removed"][0];
    assert_eq!((answer.status, &removed["reason"]), (404, &json!("untranslatable")), "{body}");
    assert!(removed["detail"].as_str().unwrap().contains("x_my_own"), "{body}");
}

/// A part of the prompt is never dropped: a target that cannot be shown it is not asked.
#[tokio::test]
async fn a_target_that_cannot_be_shown_the_prompt_is_never_asked() {
    let (o, c) = (Upstream::start([chat_ok("o")]).await, Upstream::start([messages_ok("c")]).await);
    let sidecar = Sidecar::with_policy(both(&o, &c, &["o", "c"]).route("only-o", &["o"])).await;
    let mut request = message("r");
    let document = json!({"type": "document", "source": {"type": "file", "file_id": "file_1"}});
    request["messages"][0]["content"] = json!([document, {"type": "text", "text": "?"}]);
    let answer = sidecar.client().post(MESSAGES, &request).await;
    assert_eq!((answer.status, answer.header("x-outrigger-provider")), (200, Some("default/c")), "{}", answer.text());
    request["model"] = json!("only-o");
    let answer = sidecar.client().post(MESSAGES, &request).await;
    assert_eq!((answer.status, o.hits()), (404, 0), "{}", answer.text());
    assert!(answer.text().contains("messages.document.file"), "{}", answer.text());
}

/// R3: the next turn of a conversation goes to another provider than the one that sealed its reasoning: the seal stays
/// behind, and with it what could not go on without.
#[tokio::test]
async fn a_seal_stays_behind_when_somebody_else_answers() {
    let (a, b) =
        (Upstream::start([messages_ok("1"), Reply::error(500)]).await, Upstream::start([messages_ok("2")]).await);
    let policy = Policy::new()
        .provider_with("a", a.base_url(), |provider| provider.preset("anthropic").model("minimax/minimax-m2", "m"))
        .provider_with("b", b.base_url(), |provider| {
            provider.preset("anthropic").model("anthropic/claude-sonnet-4.5", "c")
        })
        .route_with("r", &[], |route| {
            let first = "model: minimax/minimax-m2, provider: a";
            route.target(first).target("model: anthropic/claude-sonnet-4.5, provider: b, priority: 1")
        });
    let sidecar = Sidecar::with_policy(policy).await;
    let mut request = message("r");
    assert_eq!(sidecar.client().post(MESSAGES, &request).await.status, 200);
    request["max_tokens"] = json!(4000);
    request["thinking"] = json!({"type": "enabled", "budget_tokens": 1024});
    let call = json!({"type": "tool_use", "id": "t", "name": "f", "input": {}});
    request["messages"].as_array_mut().unwrap().extend([
        json!({"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}, call]}),
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]}),
    ]);
    let answer = sidecar.client().post(MESSAGES, &request).await;
    assert_eq!((answer.status, answer.header("x-outrigger-provider")), (200, Some("default/b")), "{}", answer.text());
    assert_eq!(answer.header("x-outrigger-dropped"), Some("messages.reasoning"));
    let (kept, stripped) = (a.last().json(), b.last().json());
    assert_eq!(kept["messages"][1]["content"][0]["signature"], "c2ln", "who sealed it gets it back");
    assert_eq!((&stripped["messages"][1]["content"], &stripped["thinking"]), (&json!([call]), &Value::Null));
}

/// F7: what policy sets for a target is set in that target's dialect.
#[tokio::test]
async fn policy_sets_parameters_in_the_targets_dialect() {
    let c = Upstream::start([messages_ok("hi")]).await;
    let policy = one(&c, "anthropic").route_with("r2", &[], |route| {
        route.target("model: test/m, provider: a, parameters: {set: {max_tokens: 9, top_k: 5}, remove: [temperature]}")
    });
    let sidecar = Sidecar::with_policy(policy).await;
    let mut request = chat("r2");
    request["temperature"] = json!(0.5);
    let answer = sidecar.client().post(CHAT, request).await;
    let sent = c.last().json();
    assert_eq!(
        (answer.status, &sent["max_tokens"], &sent["top_k"], &sent["temperature"]),
        (200, &json!(9), &json!(5), &Value::Null)
    );
}

/// S13: a request that the caller's own dialect does not allow is refused with its place; nothing is sent.
#[tokio::test]
async fn a_request_that_cannot_be_translated_says_where() {
    let c = Upstream::start([messages_ok("hi")]).await;
    let sidecar = Sidecar::with_policy(one(&c, "anthropic")).await;
    let mut request = chat("r");
    request["messages"][0] = json!({"role": "user", "content": [{"type": "text", "text": 5}]});
    let answer = sidecar.client().post(CHAT, request).await;
    assert_eq!((answer.status, c.hits()), (400, 0), "{}", answer.text());
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains("messages[0].content"), "{}", answer.text());
}

/// OpenRouter's SDKs, which come by its base URL, insist that an error's code is its status.
#[tokio::test]
async fn error_codes_are_numbers_for_callers_of_openrouters_base() {
    let o = Upstream::start([Reply::error(400)]).await;
    let sidecar = Sidecar::with_policy(one(&o, "openai")).await;
    let error = sidecar.client().post("/api/v1/chat/completions", chat("r")).await.json()["error"].clone();
    assert_eq!((&error["code"], &error["metadata"]["error_code"]), (&json!(400), &json!("invalid_request")));
    let error = sidecar.client().post(CHAT, chat("r")).await.json()["error"].clone();
    assert_eq!(error["code"], "invalid_request");
}

/// What only the translation itself finds out passes by the target like any failure, without using up a call; if nobody
/// is left, it is the caller who is told.
#[tokio::test]
async fn a_request_that_one_dialect_cannot_say_goes_on_to_one_that_can() {
    let (o, c) = (Upstream::start([chat_ok("o")]).await, Upstream::start([messages_ok("c")]).await);
    let policy = both(&o, &c, &["c", "o"]).route("only-c", &["c"]);
    let sidecar = Sidecar::with_policy(policy).await;
    let mut request = chat("r");
    request["messages"] = json!([{"role": "oracle", "content": "?"}]);
    let answer = sidecar.client().post(CHAT, &request).await;
    assert_eq!((answer.status, answer.said().as_str()), (200, "o"), "{}", answer.text());
    assert_eq!((c.hits(), o.last().json()["messages"].clone()), (0, request["messages"].clone()));
    request["model"] = json!("only-c");
    let answer = sidecar.client().post(CHAT, &request).await;
    assert_eq!((answer.status, c.hits()), (400, 0), "{}", answer.text());
    assert_eq!(answer.json()["error"]["code"], "untranslatable");
    assert!(answer.text().contains("oracle"), "{}", answer.text());
}
