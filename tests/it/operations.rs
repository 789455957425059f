//! Every path passes in its own dialect, with failover.

use serde_json::json;

use crate::harness::*;

/// An answer in every dialect at once.
const ANSWER: &str = r#"{"choices":[{"index":0,"text":"x","message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}],"type":"message","role":"assistant","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","data":[],"x" : 1.0}"#;

/// Each JSON path moves on from a failing provider and passes its answer unchanged.
#[tokio::test]
async fn every_path_passes_with_failover() {
    for path in [
        "chat/completions",
        "completions",
        "embeddings",
        "responses",
        "messages",
        "messages/count_tokens",
        "images/generations",
        "rerank",
        "moderations",
        "audio/speech",
    ] {
        let preset = if path.starts_with("messages") { "anthropic" } else { "openai" };
        let sound = path == "audio/speech";
        let (kind, body) = if sound { ("audio/mpeg", "\u{0}ID3\r\n") } else { ("application/json", ANSWER) };
        let (a, b) =
            (Upstream::start([Reply::error(503)]).await, Upstream::start([Reply::bytes(200, kind, body)]).await);
        let provider = |provider: Provider| provider.preset(preset).model("test/own", "up");
        let policy =
            Policy::new().provider_with("a", a.base_url(), provider).provider_with("b", b.base_url(), provider);
        let policy = policy.route_with("r", &[], |route| {
            route
                .target("model: test/own, provider: a, priority: 0")
                .target("model: test/own, provider: b, priority: 1")
        });
        let request = json!({"model": "r", "max_tokens": 9, "input": "x", "messages": [], "prompt": "x", "query": "q",
            "documents": ["d"], "voice": "v"});
        let answer = Sidecar::with_policy(policy).await.client().post(&format!("/v1/{path}"), request).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, body), "{path}");
        assert_eq!((a.hits(), b.last().path), (1, format!("/v1/{path}")), "{path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
    }
}

/// R12: a request for Responses goes to whoever has them, past a compatible provider that has none; where nobody has, the
/// caller is told so and nobody is asked.
#[tokio::test]
async fn responses_are_asked_of_whoever_has_them() {
    let (compatible, whole) =
        (Upstream::start([Reply::error(404)]).await, Upstream::start([Reply::json(200, ANSWER)]).await);
    let speaks = |dialects: &'static str| {
        move |provider: Provider| provider.spec(&format!("dialects: {dialects}")).model("test/own", "up")
    };
    let policy = Policy::new().provider_with("a", compatible.base_url(), speaks("[ChatCompletions]")).provider_with(
        "b",
        whole.base_url(),
        speaks("[ChatCompletions, Responses]"),
    );
    let policy = policy
        .route_with("both", &[], |route| {
            route
                .target("model: test/own, provider: a, priority: 0")
                .target("model: test/own, provider: b, priority: 1")
        })
        .route_with("one", &[], |route| route.target("model: test/own, provider: a, priority: 0"));
    let sidecar = Sidecar::with_policy(policy).await;
    let ask = async |route: &str| sidecar.client().post("/v1/responses", json!({"model": route, "input": "x"})).await;
    assert_eq!(ask("both").await.status, 200);
    assert_eq!((compatible.hits(), whole.last().path.as_str()), (0, "/v1/responses"));
    let refused = ask("one").await;
    assert_eq!(
        (refused.status, refused.header("x-outrigger-error")),
        (400, Some("wrong_endpoint")),
        "{}",
        refused.text()
    );
    assert!(refused.text().contains("speaks ChatCompletions"), "{}", refused.text());
    assert_eq!(compatible.hits(), 0);
}

/// A provider that speaks several dialects is asked in the caller's own, and nothing is translated.
#[tokio::test]
async fn a_provider_of_several_dialects_is_asked_in_the_callers() {
    let upstream = Upstream::start([Reply::json(200, ANSWER)]).await;
    let policy = Policy::new().provider_with("a", upstream.base_url(), |provider| {
        provider.spec("dialects: [Messages, ChatCompletions]").model("test/own", "up")
    });
    let sidecar = Sidecar::with_policy(policy).await;
    for path in ["chat/completions", "messages"] {
        let request = json!({"model": "test/own", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]});
        let answer = sidecar.client().post(&format!("/v1/{path}"), request).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, ANSWER), "{path}");
        assert_eq!(upstream.last().path, format!("/v1/{path}"));
        assert_eq!(upstream.last().header("anthropic-version").is_some(), path == "messages");
    }
}

/// A form with a file passes whole, but for the model's name, with failover.
#[tokio::test]
async fn a_multipart_form_passes_but_for_its_model() {
    for path in ["audio/transcriptions", "audio/translations", "images/edits", "images/variations"] {
        let (a, b) = (Upstream::start([Reply::error(503)]).await, Upstream::start([Reply::json(200, "{}")]).await);
        let policy = Policy::new().provider("a", a.base_url()).provider("b", b.base_url()).route("r", &["a", "b"]);
        let sidecar = Sidecar::with_policy(policy).await;
        let form = "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n\u{0}\u{1}r\r\n--B\r\n\
                    content-disposition: form-data; name=\"model\"\r\n\r\nr\r\n--B--\r\n";
        let client = sidecar.client().header("content-type", "multipart/form-data; boundary=B");
        let answer = client.post(&format!("/v1/{path}"), form).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(b.last().text(), form.replace("\r\n\r\nr\r\n--B--", &format!("\r\n\r\n{UPSTREAM_MODEL}\r\n--B--")));
        assert_eq!(a.hits(), 1, "{path}");
    }
}
