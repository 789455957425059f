use serde_json::{Value, json};

use super::*;
use crate::sse::Framer;

const ENOUGH: usize = 1 << 16;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// One conversation, in each dialect.
fn requests() -> [(Operation, Value); 3] {
    let schema = json!({"type": "object"});
    let chat = json!({"model": "m", "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "weather?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"Bern\"}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
    ], "tools": [{"type": "function", "function": {"name": "look", "parameters": schema}}]});
    let messages = json!({"model": "m", "max_tokens": 9, "system": "be brief", "messages": [
        {"role": "user", "content": [{"type": "text", "text": "weather?"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "Bern"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "rain"}]},
    ]});
    let responses = json!({"model": "m", "instructions": "be brief", "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "weather?"}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{\"at\":\"Bern\"}"},
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
    ]});
    [(Operation::ChatCompletions, chat), (Operation::Messages, messages), (Operation::Responses, responses)]
}

/// The same words of the convention, whatever the dialect; bytes of a picture are no words.
#[test]
fn a_request_is_written_alike_in_every_dialect() {
    for (operation, body) in requests() {
        let asked = asked(operation, body.to_string().as_bytes(), ENOUGH).unwrap();
        let mut messages = read(&asked.messages);
        let mut instructions = asked.instructions.as_deref().map(read);
        // Chat completions has its instructions in the midst of the conversation, wherever they stand.
        if instructions.is_none() {
            instructions = Some(messages.as_array_mut().unwrap().remove(0)["parts"].take());
        }
        assert_eq!(instructions, Some(json!([{"type": "text", "content": "be brief"}])), "{operation:?}");
        assert_eq!(
            messages,
            json!([
                {"role": "user", "parts": [
                    {"type": "text", "content": "weather?"},
                    {"type": "omitted", "modality": "image", "mime_type": "image/png"},
                ]},
                {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": "Bern"}}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
            ]),
            "{operation:?}"
        );
        assert!(!asked.cut);
    }
}

/// What was asked last is kept whole, what was said first goes first.
#[test]
fn a_long_conversation_loses_its_oldest_messages() {
    let turn = |text: String| json!({"role": "user", "content": text});
    let body = json!({"model": "m", "messages": [turn("a".repeat(50)), turn("b".repeat(50)), turn("ü".repeat(50))]});
    let asked = asked(Operation::ChatCompletions, body.to_string().as_bytes(), 121).unwrap();
    let messages = read(&asked.messages);
    let texts: Vec<&str> =
        messages.as_array().unwrap().iter().map(|it| it["parts"][0]["content"].as_str().unwrap()).collect();
    assert_eq!(texts, ["b".repeat(21), "ü".repeat(50)]);
    assert!(asked.cut);
}

fn answers() -> [(Operation, Value); 3] {
    let chat = json!({"id": "x", "object": "chat.completion", "model": "m", "choices": [{"index": 0, "finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": "let me look", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"Bern\"}"}}]}}]});
    let messages = json!({"id": "x", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use",
        "content": [{"type": "text", "text": "let me look"}, {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "Bern"}}],
        "usage": {"input_tokens": 1, "output_tokens": 1}});
    let responses = json!({"id": "x", "object": "response", "model": "m", "status": "completed", "output": [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "let me look"}]},
        {"type": "function_call", "id": "i1", "call_id": "c1", "name": "look", "arguments": "{\"at\":\"Bern\"}"}]});
    [(Operation::ChatCompletions, chat), (Operation::Messages, messages), (Operation::Responses, responses)]
}

fn expected() -> Value {
    json!([{"role": "assistant", "finish_reason": "tool_call", "parts": [
        {"type": "text", "content": "let me look"},
        {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": "Bern"}},
    ]}])
}

#[test]
fn a_whole_answer_is_written_alike_in_every_dialect() {
    for (operation, body) in answers() {
        let answered = answered(operation, body.to_string().as_bytes(), ENOUGH).unwrap();
        assert_eq!(read(&answered.messages), expected(), "{operation:?}");
        assert!(!answered.cut);
    }
}

const CHAT: &str = r#"data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"let me "}}]}

data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"look"}}]}

data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\":"}}]}}]}

data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Bern\"}"}}]}}]}

data: {"id":"x","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

"#;

const MESSAGES: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"x","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"let me look"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c1","name":"look","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"at\":\"Bern\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}

event: message_stop
data: {"type":"message_stop"}

"#;

const RESPONSES: &str = r#"event: response.created
data: {"type":"response.created","response":{"id":"x","model":"m","status":"in_progress","output":[]}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","item_id":"i0","delta":"let me look"}

event: response.output_item.added
data: {"type":"response.output_item.added","item":{"type":"function_call","id":"i1","call_id":"c1","name":"look","arguments":""}}

event: response.function_call_arguments.delta
data: {"type":"response.function_call_arguments.delta","item_id":"i1","delta":"{\"at\":\"Bern\"}"}

event: response.completed
data: {"type":"response.completed","response":{"id":"x","status":"completed","output":[{"type":"message"},{"type":"function_call","id":"i1","call_id":"c1","name":"look","arguments":"{\"at\":\"Bern\"}"}]}}

"#;

const STREAMS: [(Operation, &str); 3] =
    [(Operation::ChatCompletions, CHAT), (Operation::Messages, MESSAGES), (Operation::Responses, RESPONSES)];

/// Hears `events` but for the last so many of them.
fn heard(operation: Operation, events: &str, most: usize, without: usize) -> Option<Answered> {
    let mut framer = Framer::default();
    framer.feed(events.to_owned().into()).unwrap();
    let frames: Vec<_> = std::iter::from_fn(|| framer.next_frame()).collect();
    let mut listener = Listener::new(operation, most).unwrap();
    for frame in &frames[..frames.len() - without] {
        let fields = frame.fields();
        if let Some(data) = fields.data {
            listener.feed(fields.event, &data);
        }
    }
    listener.finish()
}

#[test]
fn a_stream_is_written_as_its_whole_answer() {
    for (operation, events) in STREAMS {
        let answered = heard(operation, events, ENOUGH, 0).unwrap();
        assert_eq!(read(&answered.messages), expected(), "{operation:?}");
        assert!(!answered.cut);
    }
}

/// What was said before a stream broke is there, and that it broke.
#[test]
fn a_stream_that_broke_is_written_as_far_as_it_came() {
    for (operation, events) in STREAMS {
        let all = events.matches("\n\n").count();
        let text = events[..events.find("look").unwrap()].matches("\n\n").count() + 1;
        let answered = heard(operation, events, ENOUGH, all - text).unwrap();
        assert_eq!(
            read(&answered.messages),
            json!([{"role": "assistant", "finish_reason": "error", "parts": [{"type": "text", "content": "let me look"}]}]),
            "{operation:?}"
        );
    }
    assert_eq!(heard(Operation::ChatCompletions, ": nothing\n\n", ENOUGH, 0), None);
}

/// A stream without an end holds no more than it may.
#[test]
fn a_long_stream_is_cut_and_why_it_ended_is_kept() {
    let delta = r#"data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"0123456789"}}]}"#;
    let end = r#"data: {"id":"x","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let events = format!("{}{end}\n\n", format!("{delta}\n\n").repeat(1000));
    let answered = heard(Operation::ChatCompletions, &events, 25, 0).unwrap();
    let messages = read(&answered.messages);
    assert_eq!(messages[0]["parts"], json!([{"type": "text", "content": "0123456789012345678901234"}]));
    assert_eq!((messages[0]["finish_reason"].as_str(), answered.cut), (Some("stop"), true));
}

/// What is sealed takes none of the room, and a thought that is nothing else says that it was left out.
#[test]
fn sealed_thoughts_are_left_out_and_take_no_room() {
    let seal = "s".repeat(1_000);
    let events = [
        json!({"type": "message_start", "message": {"id": "x", "model": "m", "role": "assistant", "content": []}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "redacted_thinking", "data": seal}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "thinking", "thinking": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "signature_delta", "signature": seal}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "Bern"}}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ];
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let answered = heard(Operation::Messages, &events, 25, 0).unwrap();
    let parts = json!([
        {"type": "omitted", "kind": "reasoning"},
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "Bern"},
    ]);
    assert_eq!((&read(&answered.messages)[0]["parts"], answered.cut), (&parts, false));
}

#[test]
fn what_is_no_conversation_is_not_written() {
    assert_eq!(asked(Operation::Embeddings, br#"{"input": "secret"}"#, ENOUGH), None);
    assert_eq!(asked(Operation::ChatCompletions, b"secret", ENOUGH), None);
    assert_eq!(answered(Operation::ChatCompletions, b"secret", ENOUGH), None);
    assert!(Listener::new(Operation::Embeddings, ENOUGH).is_none());
}
