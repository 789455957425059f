use super::*;

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

/// S3: `response.created` and its like say nothing of the answer.
#[test]
fn announcements_are_prelude() {
    for kind in [
        "response.created",
        "response.in_progress",
        "response.queued",
        "response.output_item.added",
        "response.content_part.added",
        "response.web_search_call.searching",
        "keepalive",
    ] {
        assert_eq!(
            read("", &format!(r#"{{"type":"{kind}","response":{{"usage":null,"error":null}}}}"#)),
            "prelude",
            "{kind}"
        );
    }
}

/// T3, R1
#[test]
fn deltas_and_finished_items_are_content() {
    for (kind, want) in [
        ("response.output_text.delta", "content"),
        ("response.reasoning_summary_text.delta", "content"),
        ("response.refusal.delta", "content"),
        ("response.function_call_arguments.delta", "content tool"),
        ("response.mcp_call_arguments.delta", "content tool"),
        ("response.custom_tool_call_input.delta", "content tool"),
        ("response.output_item.done", "content"),
        ("response.image_generation_call.partial_image", "content"),
    ] {
        assert_eq!(read("", &format!(r#"{{"type":"{kind}","delta":"ab"}}"#)), want, "{kind}");
    }
    assert_eq!(peek(None, br#"{"type":"response.output_text.delta","delta":"ab"}"#).text, 2);
}

/// S2, S11, U1: the end carries the usage.
#[test]
fn the_end_is_found_with_its_usage() {
    let data = r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":4},"output_tokens":2}}}"#;
    assert_eq!(read("response.completed", data), "end completed");
    let read_end = peek(None, data.as_bytes());
    let usage = read_end.usage.unwrap();
    assert_eq!((usage.input, usage.cache_read, usage.output), (Some(7), Some(4), Some(2)));
    assert!(data[read_end.usage_at.unwrap()].starts_with("{\"input_tokens\":7"));
    assert_eq!(read("", r#"{"type":"response.incomplete","response":{}}"#), "end incomplete");
    assert_eq!(read("", "[DONE]"), "end");
}

/// S7, S3: each of the three shapes of an error.
#[test]
fn every_shape_of_error_is_an_error() {
    for (data, want) in [
        (
            r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"x"}}}"#,
            "error rate_limited",
        ),
        (r#"{"type":"response.failed","response":{"error":null}}"#, "error server_error"),
        (r#"{"type":"error","code":"rate_limit_exceeded","message":"x","param":null}"#, "error rate_limited"),
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, "error overloaded"),
        (r#"{"type":"response.error","error":{"code":503,"message":"x"}}"#, "error overloaded"),
    ] {
        assert_eq!(read("", data), want, "{data}");
    }
}

/// S15
#[test]
fn broken_json_is_malformed_and_the_field_names_an_event_without_type() {
    assert_eq!(read("response.output_text.delta", "{"), "malformed");
    assert_eq!(read("response.output_text.delta", r#"{"delta":"a"}"#), "content");
}

/// S15: on every surface alike, bytes that are no text are no event, wherever they stand.
#[test]
fn bytes_that_are_no_text_are_malformed() {
    assert_eq!(peek(None, b"{\"x\":\"\xff\"}").meaning, Meaning::Malformed);
}
