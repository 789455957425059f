//! `continueOnBreak`: a route that opts in has a broken answer continued by the next target.

use crate::harness::*;

fn block(text: &str) -> Ev {
    Ev::named(
        "content_block_delta",
        format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#),
    )
}

fn open() -> Vec<Ev> {
    vec![
        Ev::named(
            "message_start",
            r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"m-up","stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}}}"#,
        ),
        Ev::named(
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
    ]
}

fn close() -> Vec<Ev> {
    vec![
        Ev::named("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        Ev::named(
            "message_delta",
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#,
        ),
        Ev::named("message_stop", r#"{"type":"message_stop"}"#),
    ]
}

fn policy(a: &Upstream, b: &Upstream, failover: &str) -> Policy {
    Policy::new()
        .provider_with("a", a.base_url(), |p| p.preset("anthropic"))
        .provider_with("b", b.base_url(), |p| p.preset("anthropic"))
        .route_with("r", &["a", "b"], |r| r.failover(failover))
}

/// S4, R13: the next target gets the partial text as a prefill, and the caller sees one message with every word once.
#[tokio::test]
async fn the_next_target_goes_on_from_the_partial_text() {
    let mut first = open();
    first.extend([block("one"), block(" two")]);
    let a = Upstream::start([Reply::sse(first).reset_after(4)]).await;
    let mut second = open();
    second.push(block(" three"));
    second.extend(close());
    let b = Upstream::start([Reply::sse(second)]).await;
    let sidecar = Sidecar::with_policy(policy(&a, &b, "attempts: 4, continueOnBreak: TextOnly")).await;
    let streamed = sidecar.client().stream("/v1/messages", message_streamed("r")).await;
    assert_eq!(streamed.end, End::Clean, "{}", streamed.text());
    let text = streamed.text();
    assert_eq!(text.matches("event: message_start").count(), 1, "{text}");
    assert_eq!(text.matches("event: content_block_start").count(), 1, "{text}");
    assert_eq!(text.matches("event: message_stop").count(), 1, "{text}");
    assert_eq!(streamed.said(), "one two three");
    let messages = b.last().json()["messages"].clone();
    let last = messages.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last, serde_json::json!({"role": "assistant", "content": "one two"}));
}

/// S4: without the opt-in the same break is an honest error.
#[tokio::test]
async fn without_the_opt_in_a_break_is_an_error() {
    let mut first = open();
    first.push(block("one"));
    let a = Upstream::start([Reply::sse(first).reset_after(3)]).await;
    let b = Upstream::start([messages_ok("never")]).await;
    let sidecar = Sidecar::with_policy(policy(&a, &b, "attempts: 4")).await;
    let streamed = sidecar.client().stream("/v1/messages", message_streamed("r")).await;
    assert_eq!(streamed.end, End::Abnormal);
    assert!(streamed.text().contains("event: error"), "{}", streamed.text());
    assert_eq!(b.hits(), 0);
}

/// S4: OpenAI answers an assistant message instead of continuing it, so nobody is asked to.
#[tokio::test]
async fn a_target_that_would_repeat_the_text_is_not_asked() {
    let a = Upstream::start([chat_stream(["one", "two"]).reset_after(3)]).await;
    let b = Upstream::start([chat_stream(["again"])]).await;
    let sidecar = Sidecar::with_policy(
        Policy::new()
            .provider("a", a.base_url())
            .provider("b", b.base_url())
            .route_with("r", &["a", "b"], |r| r.failover("attempts: 4, continueOnBreak: TextOnly")),
    )
    .await;
    let streamed = sidecar.client().stream("/v1/chat/completions", chat_streamed("r")).await;
    assert_eq!(streamed.end, End::Abnormal);
    assert_eq!(b.hits(), 0);
}
