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
