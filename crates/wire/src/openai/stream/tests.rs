use super::*;

/// `(meaning, finish)` of one chunk, in words.
fn read(data: &str) -> String {
    let peek = peek(data.as_bytes());
    let meaning = match &peek.meaning {
        Meaning::Prelude => "prelude".to_owned(),
        Meaning::Content => "content".to_owned(),
        Meaning::Finish => "finish".to_owned(),
        Meaning::End => "end".to_owned(),
        Meaning::Malformed => "malformed".to_owned(),
        Meaning::Error(failure) => format!("error {}", failure.kind.code()),
    };
    let tool = if peek.tool_call { " tool" } else { "" };
    let finish = peek.finish.map(|finish| format!(" {finish}")).unwrap_or_default();
    let hidden = if peek.usage_only { " usage-only" } else { "" };
    let usage = peek
        .usage
        .map(|usage| format!(" {:?}/{:?}", usage.input.unwrap_or(0), usage.output.unwrap_or(0)))
        .unwrap_or_default();
    format!("{meaning}{tool}{finish}{usage}{hidden}")
}

fn delta(delta: &str) -> String {
    read(&format!(
        r#"{{"id":"c","object":"chat.completion.chunk","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    ))
}

/// S3, T3: nothing of the answer has been shown yet, so a failure behind it may still move on.
#[test]
fn what_shows_no_content_is_prelude() {
    for empty in [
        r#"{"role":"assistant"}"#,
        r#"{"role":"assistant","content":""}"#,
        r#"{"role":"assistant","content":null,"refusal":null,"tool_calls":[]}"#,
        r#"{"role":"assistant","content":"","reasoning":null,"reasoning_details":[]}"#,
        r#"{"role":"assistant","content":null,"reasoning_content":""}"#,
        r#"{"role":"assistant","content":"","channel":"analysis"}"#,
        r#"{"role":"assistant","content":"","token_id":151645,"prefix":false}"#,
        r#"{"role":"assistant","name":"bot","audio":{}}"#,
        "{}",
        "null",
    ] {
        assert_eq!(delta(empty), "prelude", "{empty}");
    }
    assert_eq!(read(r#"{"choices":[]}"#), "prelude");
    assert_eq!(
        read(r#"{"id":"c","x_groq":{"id":"r"},"choices":[{"delta":{"role":"assistant","content":""}}]}"#),
        "prelude"
    );
}

/// S3: a vendor that repeats a running count on every chunk has not begun to answer with the first.
#[test]
fn a_running_count_on_a_role_only_chunk_finishes_nothing() {
    let chunk = r#"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":0}}"#;
    assert_eq!(read(chunk), "prelude 9/0");
}

/// T3, R10: whatever a vendor calls it, generated matter is content.
#[test]
fn every_kind_of_generated_matter_is_content() {
    for full in [
        r#"{"content":"a"}"#,
        r#"{"content":" "}"#,
        r#"{"refusal":"no"}"#,
        r#"{"reasoning_content":"hm"}"#,
        r#"{"content":"","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}]}"#,
        r#"{"content":"","reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}"#,
        r#"{"audio":{"data":"AAAA"}}"#,
        r#"{"images":[{"type":"image_url"}]}"#,
        r#"{"something_new":{"a":1}}"#,
    ] {
        assert_eq!(delta(full), "content", "{full}");
    }
    assert_eq!(
        read(r#"{"object":"text_completion","choices":[{"text":"a","index":0,"finish_reason":null}]}"#),
        "content"
    );
}

/// R1: a call that has begun cannot be taken back.
#[test]
fn a_tool_call_is_content_and_known_as_one() {
    assert_eq!(
        delta(r#"{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}"#),
        "content tool"
    );
    assert_eq!(delta(r#"{"function_call":{"name":"f"}}"#), "content tool");
}

/// S15: Z.ai leaves `object` out.
#[test]
fn zai_chunks_without_object_are_read() {
    let chunk = r#"{"id":"z","created":1,"model":"glm","choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"Let"}}]}"#;
    assert_eq!(read(chunk), "content");
}

/// S3: Azure's first chunk judges the prompt and has no choice.
#[test]
fn azure_chunks_with_an_empty_object_and_no_choices_are_prelude() {
    let chunk = r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}"#;
    assert_eq!(read(chunk), "prelude");
    let filtered = r#"{"choices":[{"content_filter_results":{"hate":{"filtered":false}},"delta":{},"finish_reason":null,"index":0}]}"#;
    assert_eq!(read(filtered), "prelude");
}

/// U1: Groq has its own place for usage, and its own service tiers.
#[test]
fn groq_usage_is_found_beside_the_choices() {
    let chunk = r#"{"id":"g","service_tier":"on_demand","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"queue_time":0.01,"prompt_tokens":7,"completion_tokens":3,"total_time":0.2}}}"#;
    assert_eq!(read(chunk), "finish stop 7/3");
    let at = peek(chunk.as_bytes()).usage_at.unwrap();
    assert!(chunk[at].starts_with(r#"{"queue_time""#));
}

/// R8: Mistral's thinking makes `content` a list, and its calls have no `type`.
#[test]
fn mistral_content_lists_and_calls_without_type_are_content() {
    assert_eq!(delta(r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Ok"}]}]}"#), "content");
    assert_eq!(
        delta(r#"{"content":"","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"},"index":0}]}"#),
        "content tool"
    );
}

/// R6: a word that only one vendor uses is a finish reason too.
#[test]
fn together_ends_with_eos() {
    assert_eq!(
        read(
            r#"{"choices":[{"delta":{"role":"assistant","content":""},"text":"","finish_reason":"eos"}],"usage":null}"#
        ),
        "finish eos"
    );
}

/// R1: OpenRouter's later fragments of a call have an empty type and no id.
#[test]
fn openrouter_calls_with_an_empty_type_and_no_id_are_content() {
    assert_eq!(
        delta(
            r#"{"content":null,"tool_calls":[{"index":0,"id":null,"type":"","function":{"name":null,"arguments":"{\"a"}}]}"#
        ),
        "content tool"
    );
}

/// U1: the chunk that only carries usage can be hidden from a caller that did not ask.
#[test]
fn the_chunk_that_only_carries_usage_is_known() {
    assert_eq!(read(r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#), "finish 5/2 usage-only");
    assert_eq!(read(r#"{"usage":{"prompt_tokens":5,"completion_tokens":2}}"#), "finish 5/2 usage-only");
    assert_eq!(
        read(r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#),
        "content 5/1"
    );
    assert_eq!(
        read(r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"length"}],"usage":null}"#),
        "content length"
    );
}

/// S7, S3: an error in a stream is a failure although HTTP said 200.
#[test]
fn an_error_in_the_stream_is_an_error() {
    for (chunk, want) in [
        (r#"{"error":{"message":"slow down","code":429}}"#, "error rate_limited"),
        (
            r#"{"error":{"message":"x","code":"server_error"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
            "error server_error",
        ),
        (
            r#"{"choices":[{"delta":{"content":""},"finish_reason":"error","error":{"code":502,"message":"bad"}}]}"#,
            "error server_error",
        ),
        (r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#, "error server_error"),
        (
            r#"{"error":{"message":"tool_use_failed","type":"invalid_request_error","status_code":400}}"#,
            "error invalid_request",
        ),
        (r#"{"error":"it broke"}"#, "error server_error"),
    ] {
        assert_eq!(read(chunk), want, "{chunk}");
    }
    assert_eq!(read(r#"{"error":null,"choices":[{"delta":{"content":"a"}}]}"#), "content");
}

/// S11, S15: the end is the end, and what cannot be read is counted and not taken for anything else.
#[test]
fn the_end_is_known_and_broken_json_is_malformed() {
    assert_eq!(read("[DONE]"), "end");
    assert_eq!(read(" [DONE] "), "end");
    for broken in ["", "{", "{\"choices\":[{]}", "data: {}", "{\"choices\":7}"] {
        assert_eq!(read(broken), "malformed", "{broken}");
    }
}
