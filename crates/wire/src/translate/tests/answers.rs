//! Whole answers.

use serde_json::json;

use super::*;
use crate::Kind;

const CLAUDE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"hm","signature":"c2ln+/=="},{"type":"redacted_thinking","data":"ZA=="},{"type":"text","text":"I call "},{"type":"text","text":"two."},{"type":"tool_use","id":"t1","name":"f","input":{ "x": 1.50 }},{"type":"tool_use","id":"t2","name":"g","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":7,"output_tokens_details":{"thinking_tokens":3}}}"#;

/// R1, R2, U3: what Claude says, in chat completions.
#[test]
fn a_message_becomes_a_chat_completion() {
    let answer = answered(Operation::ChatCompletions, CLAUDE);
    let message = &answer["choices"][0]["message"];
    assert_eq!(
        (&answer["object"], &answer["id"], &answer["created"]),
        (&json!("chat.completion"), &json!("msg_1"), &json!(7))
    );
    assert_eq!(answer["model"], "claude");
    assert_eq!(
        (&message["role"], &message["content"], &message["refusal"]),
        (&json!("assistant"), &json!("I call two."), &Value::Null)
    );
    assert_eq!((&message["reasoning"], &message["reasoning_content"]), (&json!("hm"), &json!("hm")));
    assert_eq!(
        message["reasoning_details"],
        json!([
            {"type": "reasoning.text", "text": "hm", "signature": "c2ln+/==", "format": "anthropic-claude-v1", "index": 0},
            {"type": "reasoning.encrypted", "data": "ZA==", "format": "anthropic-claude-v1", "index": 1},
        ])
    );
    assert_eq!(
        message["tool_calls"],
        json!([
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{ \"x\": 1.50 }"}},
            {"id": "t2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ])
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(answer["choices"][0]["native_finish_reason"], "tool_use");
    let usage = &answer["usage"];
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(140), &json!(7), &json!(147))
    );
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 100);
    assert_eq!(usage["prompt_tokens_details"]["cache_write_tokens"], 30);
    assert_eq!(usage["prompt_tokens_details"]["cache_creation"]["ephemeral_1h_input_tokens"], 20);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 3);
}

const CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"gpt","choices":[{"index":0,"message":{"role":"assistant","content":"hi","reasoning_content":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{ \"x\": 1.50 }"}},{"id":null,"type":"","function":{"name":"g","arguments":""}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":140,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":100,"cache_write_tokens":30},"completion_tokens_details":{"reasoning_tokens":3}}}"#;

/// R1, R6, R10, R12, U3: what a chat completion says, as a message. Tool calls without type or id, and `stop` for
/// `tool_calls`, are what vendors really send.
#[test]
fn a_chat_completion_becomes_a_message() {
    let bytes = whole(CHAT.as_bytes(), &echo(Operation::Messages), &STAMP).unwrap().0;
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(r#""input":{ "x": 1.50 }"#), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    let made_up = answer["content"][3]["id"].clone();
    assert!(made_up.as_str().is_some_and(|id| id.starts_with("call_") && id.len() > 20), "{made_up}");
    assert_eq!(
        answer,
        json!({
            "id": "chatcmpl-1", "type": "message", "role": "assistant", "model": "gpt",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "outrigger.v1.."},
                {"type": "text", "text": "hi"},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1.5}},
                {"type": "tool_use", "id": made_up, "name": "g", "input": {}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 10, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 100,
                "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3}},
        })
    );
}

/// R6: the table of reasons, both ways.
#[test]
fn every_reason_has_its_word() {
    for (theirs, ours) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
    ] {
        let body = format!(
            r#"{{"content":[{{"type":"text","text":"x"}}],"stop_reason":"{theirs}","usage":{{"input_tokens":1,"output_tokens":1}}}}"#
        );
        let answer = answered(Operation::ChatCompletions, &body);
        assert_eq!(
            (&answer["choices"][0]["finish_reason"], &answer["choices"][0]["native_finish_reason"]),
            (&json!(ours), &json!(theirs))
        );
    }
    for (theirs, ours) in [
        ("stop", "end_turn"),
        ("eos", "end_turn"),
        ("", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("function_call", "tool_use"),
        ("content_filter", "refusal"),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"x"}},"finish_reason":"{theirs}"}}]}}"#);
        assert_eq!(answered(Operation::Messages, &body)["stop_reason"], ours, "{theirs}");
    }
    let stopped = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop","stop_reason":"END"}]}"#;
    let answer = answered(Operation::Messages, stopped);
    assert_eq!((&answer["stop_reason"], &answer["stop_sequence"]), (&json!("stop_sequence"), &json!("END")));
    let refused = r#"{"choices":[{"message":{"content":null,"refusal":"I can't."},"finish_reason":"stop"}]}"#;
    let answer = answered(Operation::Messages, refused);
    assert_eq!((&answer["stop_reason"], &answer["content"][0]["text"]), (&json!("refusal"), &json!("I can't.")));
    let refused = r#"{"content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"No."}}"#;
    let message = &answered(Operation::ChatCompletions, refused)["choices"][0]["message"];
    assert_eq!((&message["refusal"], &message["content"]), (&json!("No."), &Value::Null));
}

/// U2: no usage is no usage for a chat caller; a Messages caller's SDK requires the two totals.
#[test]
fn usage_that_was_not_reported_is_not_made_up() {
    let answer =
        answered(Operation::ChatCompletions, r#"{"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn"}"#);
    assert_eq!(answer["usage"], Value::Null);
    let answer = answered(Operation::Messages, r#"{"choices":[{"message":{"content":"x"}}]}"#);
    assert_eq!((&answer["usage"]["input_tokens"], &answer["usage"]["output_tokens"]), (&json!(0), &json!(0)));
    let zero = r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
    assert_eq!(answered(Operation::Messages, zero)["usage"]["input_tokens"], 0);
}

/// U3: a vendor that counts what it stored as read, too, does not make the parts more than the whole.
#[test]
fn parts_of_the_input_never_exceed_it() {
    let body = r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":2168,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2161,"cache_write_tokens":2154}}}"#;
    let usage = &answered(Operation::Messages, body)["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["cache_read_input_tokens"], &usage["cache_creation_input_tokens"]),
        (&json!(0), &json!(2161), &json!(7))
    );
}

/// Mistral's content as a list, OpenRouter's details, arguments that are an object, Gemini's extra content.
#[test]
fn the_shapes_vendors_really_send_are_read() {
    let message = |message: &str| {
        let body = format!(r#"{{"choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#);
        answered(Operation::Messages, &body)["content"].clone()
    };
    let signed = |text: &str, signature: &str| json!({"type": "thinking", "thinking": text, "signature": signature});
    assert_eq!(
        message(
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"a"}]}"#
        ),
        json!([signed("hm", "outrigger.v1.."), {"type": "text", "text": "a"}])
    );
    assert_eq!(
        message(
            r#"{"content":"a","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"s","format":"anthropic-claude-v1"},{"type":"reasoning.encrypted","data":"d","format":"openai-responses-v1"}]}"#
        ),
        json!([signed("hm", "s"), {"type": "redacted_thinking", "data": "outrigger.v1.openai-responses-v1.d"}, {"type": "text", "text": "a"}])
    );
    assert_eq!(
        message(
            r#"{"content":"a","reasoning":"**Sum**","reasoning_details":[{"type":"reasoning.summary","summary":"**Sum**","format":"openai-responses-v1"}]}"#
        )[0],
        signed("**Sum**", "outrigger.v1.openai-responses-v1.")
    );
    let calls = message(
        r#"{"content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":{"x":1}},"extra_content":{"google":{"thought_signature":"s"}}}]}"#,
    );
    assert_eq!(calls[0]["input"], json!({"x": 1}));
    assert!(calls[0]["id"].as_str().unwrap().starts_with("c__extra_"));
}

/// A schema that went as a tool comes back as text.
#[test]
fn the_tool_that_stood_for_a_schema_is_the_answer() {
    let echo = Echo { schema_tool: Some("answer_as_json"), ..echo(Operation::ChatCompletions) };
    let body = r#"{"content":[{"type":"tool_use","id":"t","name":"answer_as_json","input":{"a":1}}],"stop_reason":"tool_use"}"#;
    let bytes = whole(body.as_bytes(), &echo, &STAMP).unwrap().0;
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let choice = &answer["choices"][0];
    assert_eq!((&choice["message"]["content"], &choice["finish_reason"]), (&json!("{\"a\":1}"), &json!("stop")));
    assert_eq!(choice["message"]["tool_calls"], Value::Null);
}

#[test]
fn functions_of_the_old_kind_are_called_in_the_old_way() {
    let echo = Echo { legacy_functions: true, ..echo(Operation::ChatCompletions) };
    let bytes = whole(CLAUDE.as_bytes(), &echo, &STAMP).unwrap().0;
    let choice = &serde_json::from_slice::<Value>(&bytes).unwrap()["choices"][0];
    assert_eq!(choice["message"]["function_call"], json!({"name": "f", "arguments": "{ \"x\": 1.50 }"}));
    assert_eq!((&choice["finish_reason"], &choice["message"]["tool_calls"]), (&json!("function_call"), &Value::Null));
}

#[test]
fn hidden_reasoning_is_not_shown() {
    let echo = Echo { hide_reasoning: true, ..echo(Operation::ChatCompletions) };
    let text = String::from_utf8(whole(CLAUDE.as_bytes(), &echo, &STAMP).unwrap().0.to_vec()).unwrap();
    assert!(!text.contains("hm") && !text.contains("c2ln"), "{text}");
}

/// S7, S13: what is no answer is a failure, whatever HTTP said.
#[test]
fn what_is_no_answer_is_a_failure() {
    let kind = |operation, body: &str| whole(body.as_bytes(), &echo(operation), &STAMP).unwrap_err().kind;
    assert_eq!(kind(Operation::Messages, "<html>"), Kind::Malformed);
    assert_eq!(kind(Operation::Messages, r#"{"choices":[]}"#), Kind::Malformed);
    assert_eq!(kind(Operation::ChatCompletions, r#"{"type":"message"}"#), Kind::Malformed);
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    assert_eq!(kind(Operation::ChatCompletions, overloaded), Kind::Overloaded);
}

/// R16: what the hub has no word for is counted.
#[test]
fn hosted_tools_and_citations_are_named_as_lost() {
    let body = r#"{"content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{}},{"type":"web_search_tool_result","tool_use_id":"s","content":[]},{"type":"text","text":"x","citations":[{"url":"u"}]}],"stop_reason":"end_turn"}"#;
    let (bytes, lost) = whole(body.as_bytes(), &echo(Operation::ChatCompletions), &STAMP).unwrap();
    assert_eq!(lost, ["content.citations", "content.hosted_tool"]);
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap()["choices"][0]["message"]["content"], "x");

    let body = r#"{"choices":[{"message":{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"u"}}]},"finish_reason":"stop"}]}"#;
    let (_, lost) = whole(body.as_bytes(), &echo(Operation::Messages), &STAMP).unwrap();
    assert_eq!(lost, ["content.annotations"]);
}

/// U14: no reason is made up for an end that has none.
#[test]
fn a_reason_that_nobody_gave_is_not_made_up() {
    let answer = answered(Operation::Messages, r#"{"choices":[{"message":{"content":"x"}}]}"#);
    assert_eq!(answer["stop_reason"], Value::Null);
    let answer = answered(Operation::ChatCompletions, r#"{"content":[{"type":"text","text":"x"}]}"#);
    let choice = &answer["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["native_finish_reason"]), (&Value::Null, &Value::Null));
}
