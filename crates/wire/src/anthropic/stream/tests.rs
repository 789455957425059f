use super::*;
use crate::Usage;

fn read(event: &str, data: &str) -> String {
    let peek = peek((!event.is_empty()).then_some(event), data.as_bytes());
    let meaning = match &peek.meaning {
        Meaning::Prelude => "prelude".to_owned(),
        Meaning::Content => "content".to_owned(),
        Meaning::Finish => "finish".to_owned(),
        Meaning::End => "end".to_owned(),
        Meaning::Malformed => "malformed".to_owned(),
        Meaning::Error(failure) => format!("error {}", failure.kind.code()),
    };
    let tool = if peek.tool_call { " tool" } else { "" };
    format!("{meaning}{tool}{}", peek.finish.map(|finish| format!(" {finish}")).unwrap_or_default())
}

/// S3, T3: neither the start of a message nor a ping nor the start of an empty block is content.
#[test]
fn starts_and_pings_are_prelude() {
    for (event, data) in [
        (
            "message_start",
            r#"{"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}"#,
        ),
        ("ping", r#"{"type":"ping"}"#),
        (
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        ),
        (
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        ),
        ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        ("something_new", r#"{"type":"something_new"}"#),
        ("ping", "{}"),
    ] {
        assert_eq!(read(event, data), "prelude", "{data}");
    }
}

/// R2, R1: text, thoughts, signatures, arguments and calls are content; calls are known as such.
#[test]
fn deltas_and_started_calls_are_content() {
    for (data, want) in [
        (r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#, "content"),
        (r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}"#, "content"),
        (r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#, "content"),
        (r#"{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{}}}"#, "content"),
        (
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}"#,
            "content tool",
        ),
        (
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
            "content tool",
        ),
        (
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"x"}}"#,
            "content tool",
        ),
    ] {
        assert_eq!(read("", data), want, "{data}");
    }
}

/// S10: Anthropic pads its JSON with spaces.
#[test]
fn padded_json_is_read() {
    let data =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}              }      "#;
    assert_eq!(read("content_block_delta", data), "content");
    assert_eq!(peek(None, data.as_bytes()).text, 2);
}

/// R6, S2
#[test]
fn the_stop_reason_and_the_end_are_found() {
    let finish = r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn","stop_sequence":null},"usage":{"output_tokens":9}}"#;
    assert_eq!(read("message_delta", finish), "finish pause_turn");
    assert_eq!(read("message_stop", r#"{"type":"message_stop"}"#), "end");
    assert_eq!(read("message_stop", "{}"), "end");
}

/// S3, S7: an overload in the stream is a failure that moves on.
#[test]
fn an_error_event_is_an_error() {
    assert_eq!(
        read("error", r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
        "error overloaded"
    );
    assert_eq!(read("error", r#"{"error":{"type":"api_error","message":"x"}}"#), "error server_error");
    assert_eq!(read("error", r#"{"type":"error"}"#), "error server_error");
}

/// S15
#[test]
fn broken_json_is_malformed() {
    assert_eq!(read("content_block_delta", "{"), "malformed");
    assert_eq!(read("ping", ""), "malformed");
}

/// U3, U2: the first event splits what was written to the cache, the last one only sums it up.
#[test]
fn usage_over_a_stream_counts_every_token_once() {
    let mut usage = Usage::default();
    for data in [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":3,"cache_creation_input_tokens":1200,"cache_read_input_tokens":500,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":1000},"output_tokens":1}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":3,"cache_creation_input_tokens":1200,"cache_read_input_tokens":500,"output_tokens":42}}"#,
    ] {
        usage.merge(peek(None, data.as_bytes()).usage.unwrap_or_default());
    }
    assert_eq!(
        usage,
        Usage {
            input: Some(1703),
            cache_read: Some(500),
            cache_write_5m: Some(200),
            cache_write_1h: Some(1000),
            output: Some(42),
            ..Usage::default()
        }
    );
}

/// S15: on every surface alike, bytes that are no text are no event, wherever they stand.
#[test]
fn bytes_that_are_no_text_are_malformed() {
    assert_eq!(peek(None, b"{\"x\":\"\xff\"}").meaning, Meaning::Malformed);
}
