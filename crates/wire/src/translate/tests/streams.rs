//! Streams, event by event.

use serde_json::json;

use super::*;
use crate::hub::Fold;

/// A Messages stream with everything that streams.
const CLAUDE: [&str; 19] = [
    r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I c"}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"all é\n"}}     "#,
    r#"{"type":"content_block_stop","index":1}"#,
    r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\": "}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1.50}"}}"#,
    r#"{"type":"content_block_stop","index":2}"#,
    r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}}"#,
    r#"{"type":"content_block_stop","index":3}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":7}}"#,
    r#"{"type":"message_stop"}"#,
];

fn delta(delta: Value) -> Value {
    json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}])
}

/// R1, R2, S11, U1: a Messages stream as chunks.
#[test]
fn a_message_stream_becomes_chunks() {
    let chunks = streamed(Operation::ChatCompletions, &CLAUDE);
    let choices: Vec<Value> = chunks.iter().map(|chunk| chunk["choices"].clone()).collect();
    let call = |call: Value| delta(json!({"tool_calls": [call]}));
    assert_eq!(
        choices[..8],
        [
            delta(json!({"role": "assistant", "content": ""})),
            delta(
                json!({"reasoning": "hm", "reasoning_content": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm", "format": "anthropic-claude-v1", "index": 0}]})
            ),
            delta(
                json!({"reasoning_details": [{"type": "reasoning.text", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}]})
            ),
            delta(json!({"content": "I c"})),
            delta(json!({"content": "all é\n"})),
            call(json!({"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}})),
            call(json!({"index": 0, "function": {"arguments": "{\"x\": "}})),
            call(json!({"index": 0, "function": {"arguments": "1.50}"}})),
        ]
    );
    assert_eq!(
        choices[8..],
        [
            call(json!({"index": 1, "id": "t2", "type": "function", "function": {"name": "g", "arguments": ""}})),
            call(json!({"index": 1, "function": {"arguments": "{}"}})),
            json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": "tool_calls", "native_finish_reason": "tool_use"}]),
            json!([]),
            Value::Null,
        ]
    );
    for chunk in &chunks[..chunks.len() - 1] {
        assert_eq!(
            (&chunk["id"], &chunk["object"], &chunk["created"], &chunk["model"]),
            (&json!("msg_1"), &json!("chat.completion.chunk"), &json!(7), &json!("claude"))
        );
    }
    assert_eq!(chunks[11]["usage"]["prompt_tokens"], 15);
    assert_eq!(chunks[11]["usage"]["completion_tokens"], 7);
    assert_eq!(chunks.last(), Some(&json!("[DONE]")));
}

/// U1: nobody gets a usage chunk who did not ask.
#[test]
fn usage_is_kept_from_callers_who_did_not_ask() {
    let echo = Echo { include_usage: false, ..echo(Operation::ChatCompletions) };
    let chunks = streamed_with(&echo, &CLAUDE);
    assert!(chunks.iter().all(|(_, chunk)| chunk.get("usage").is_none()));
    assert_eq!(chunks.last().unwrap().1, "[DONE]");
}

/// What the events of a Messages stream must obey: R13, and R1's "blocks never overlap".
#[track_caller]
fn check_order(events: &[(Option<String>, Value)]) {
    let mut open: Option<u64> = None;
    let mut next = 0;
    let kinds: Vec<&str> = events.iter().map(|(_, event)| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "message_start").count(), 1);
    assert_eq!(
        (kinds[0], kinds[kinds.len() - 2], kinds[kinds.len() - 1]),
        ("message_start", "message_delta", "message_stop")
    );
    assert!(events[0].1["message"]["usage"]["input_tokens"].is_u64());
    for (name, event) in events {
        assert_eq!(name.as_deref(), event["type"].as_str(), "the event field is the type");
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!((open, event["index"].as_u64()), (None, Some(next)));
                open = Some(next);
            }
            "content_block_delta" => assert_eq!(open, event["index"].as_u64()),
            "content_block_stop" => {
                assert_eq!(open.take(), event["index"].as_u64());
                next += 1;
            }
            _ => assert_eq!(open, None),
        }
    }
}

/// Name and joined input of each tool block.
fn calls(events: &[(Option<String>, Value)]) -> Vec<(String, String, String)> {
    let mut calls: Vec<(u64, String, String, String)> = Vec::new();
    for (_, event) in events {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let block = &event["content_block"];
        if block["type"] == "tool_use" {
            assert_eq!(block["input"], json!({}));
            calls.push((event["index"].as_u64().unwrap(), text(&block["id"]), text(&block["name"]), String::new()));
        }
        if event["delta"]["type"] == "input_json_delta" {
            let index = event["index"].as_u64().unwrap();
            let call = calls.iter_mut().find(|call| call.0 == index).expect("a delta of an open tool block");
            call.3.push_str(event["delta"]["partial_json"].as_str().unwrap());
        }
    }
    calls.into_iter().map(|(_, id, name, input)| (id, name, input)).collect()
}

fn chunk(delta: &str) -> String {
    format!(
        r#"{{"id":"c","object":"chat.completion.chunk","model":"gpt","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    )
}

fn finish(reason: &str) -> String {
    format!(r#"{{"id":"c","model":"gpt","choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}"#)
}

fn messages(data: &[String]) -> Vec<(Option<String>, Value)> {
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    let events = streamed_with(&echo(Operation::Messages), &data);
    check_order(&events);
    events
}

/// R13: chunks as a Messages stream, with whole usage at the end.
#[test]
fn chunks_become_a_message_stream() {
    let events = messages(&[
        chunk(r#"{"role":"assistant","content":""}"#),
        chunk(r#"{"reasoning_content":"hm"}"#),
        chunk(r#"{"content":"I c"}"#),
        chunk(r#"{"content":"all"}"#),
        chunk(r#"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\""}}]}"#),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":": 1.50}"}}]}"#),
        finish("tool_calls"),
        r#"{"id":"c","choices":[],"usage":{"prompt_tokens":15,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":5}}}"#.to_owned(),
        "[DONE]".to_owned(),
    ]);
    let events: Vec<&Value> = events.iter().map(|(_, event)| event).collect();
    let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!((events[0]["message"]["id"].as_str(), text.as_str()), (Some("c"), "I call"));
    assert_eq!(events[1]["content_block"], json!({"type": "thinking", "thinking": "", "signature": ""}));
    assert_eq!(events[3]["delta"], json!({"type": "signature_delta", "signature": "outrigger.v1.."}));
    let end = events[events.len() - 2];
    assert_eq!(end["delta"], json!({"stop_reason": "tool_use", "stop_sequence": null}));
    assert_eq!(
        (&end["usage"]["input_tokens"], &end["usage"]["cache_read_input_tokens"], &end["usage"]["output_tokens"]),
        (&json!(10), &json!(5), &json!(7))
    );
}

/// R1: parallel calls keep apart, however a vendor numbers them.
#[test]
fn parallel_calls_keep_apart_whatever_their_numbers() {
    let call = |fields: &str| chunk(&format!(r#"{{"tool_calls":[{{{fields}}}]}}"#));
    let begin = |index: &str, id: &str, arguments: &str| {
        call(&format!(
            r#"{index}"id":{id},"type":"function","function":{{"name":"f{}","arguments":"{arguments}"}}"#,
            id.trim_matches('"')
        ))
    };
    let more = |index: &str, arguments: &str| call(&format!(r#"{index}"function":{{"arguments":"{arguments}"}}"#));
    let (zero, one) = (r#""index":0,"#, r#""index":1,"#);
    let stories: [(&str, Vec<String>); 7] = [
        (
            "as OpenAI does",
            vec![
                begin(zero, "\"a\"", ""),
                more(zero, "{\\\"x\\\":"),
                more(zero, "1}"),
                begin(one, "\"b\"", ""),
                more(one, "{\\\"y\\\":2}"),
            ],
        ),
        (
            "mixed",
            vec![
                begin(zero, "\"a\"", ""),
                begin(one, "\"b\"", ""),
                more(one, "{\\\"y\\\""),
                more(zero, "{\\\"x\\\":1"),
                more(one, ":2}"),
                more(zero, "}"),
            ],
        ),
        (
            "no index",
            vec![begin("", "\"a\"", ""), more("", "{\\\"x\\\":1}"), begin("", "\"b\"", ""), more("", "{\\\"y\\\":2}")],
        ),
        ("one index for all", vec![begin(zero, "\"a\"", "{\\\"x\\\":1}"), begin(zero, "\"b\"", "{\\\"y\\\":2}")]),
        (
            "the id on every fragment",
            vec![
                begin(zero, "\"a\"", "{\\\"x\\\":"),
                call(&format!(r#"{zero}"id":"a","function":{{"arguments":"1}}"}}"#)),
                begin(one, "\"b\"", "{\\\"y\\\":2}"),
            ],
        ),
        (
            "null and empty ids on fragments",
            vec![
                begin(zero, "\"a\"", ""),
                call(&format!(r#"{zero}"id":null,"type":"","function":{{"name":null,"arguments":"{{\"x\":1}}"}}"#)),
                begin(one, "\"b\"", ""),
                call(&format!(r#"{one}"id":"","function":{{"arguments":"{{\"y\":2}}"}}"#)),
            ],
        ),
        (
            "both in one chunk",
            vec![chunk(
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"fa","arguments":"{\"x\":1}"}},{"index":1,"id":"b","function":{"name":"fb","arguments":"{\"y\":2}"}}]}"#,
            )],
        ),
    ];
    for (story, mut data) in stories {
        data.push(finish("tool_calls"));
        let text = |text: &str| text.to_owned();
        let wanted = [(text("a"), text("fa"), text("{\"x\":1}")), (text("b"), text("fb"), text("{\"y\":2}"))];
        assert_eq!(calls(&messages(&data)), wanted, "{story}");
    }
}

/// R1: the input of the first call streams while it comes; the second waits only for the first to be whole.
#[test]
fn a_call_streams_as_soon_as_the_one_before_it_is_whole() {
    let mut stream = Stream::new(&echo(Operation::Messages), &STAMP);
    let mut out = Vec::new();
    let mut feed = |data: String| {
        out.clear();
        stream.feed(None, data.as_bytes(), &mut out).unwrap();
        String::from_utf8(out.clone()).unwrap()
    };
    let call = |index: u32, rest: &str| chunk(&format!(r#"{{"tool_calls":[{{"index":{index},{rest}}}]}}"#));
    feed(call(0, r#""id":"a","function":{"name":"fa","arguments":""}"#));
    assert!(feed(call(0, r#""function":{"arguments":"{\"x\":"}"#)).contains("input_json_delta"));
    assert_eq!(feed(call(1, r#""id":"b","function":{"name":"fb","arguments":""}"#)), "");
    let closed = feed(call(0, r#""function":{"arguments":"1}"}"#));
    assert!(closed.contains("content_block_stop") && closed.contains("\"fb\""), "{closed}");
    assert!(feed(call(1, r#""function":{"arguments":"{}"}"#)).contains("input_json_delta"));
}

/// R1: text that comes amid a call's input comes after it, and calls that never became whole come at the end.
#[test]
fn nothing_is_lost_when_blocks_come_mixed_or_cut() {
    let events = messages(&[
        chunk(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"fa","arguments":"{\"x\":"}}]}"#),
        chunk(r#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"fb","arguments":"{}"}}]}"#),
        chunk(r#"{"content":"late"}"#),
        finish("length"),
    ]);
    let text = |text: &str| text.to_owned();
    assert_eq!(calls(&events), [(text("a"), text("fa"), text("{\"x\":")), (text("b"), text("fb"), text("{}"))]);
    assert!(events.iter().any(|(_, event)| event["delta"]["text"] == "late"));
    assert_eq!(events[events.len() - 2].1["delta"]["stop_reason"], "max_tokens");
}

/// Quirks that real vendors' streams have: no `object`, empty choices, Groq's usage, Mistral's lists, `eos`, reasoning in
/// two places, sealed reasoning.
#[test]
fn the_chunks_vendors_really_send_are_read() {
    let said = |data: &[&str]| {
        let data: Vec<String> = data.iter().map(|data| (*data).to_owned()).collect();
        let events = messages(&data);
        let join = |key: &str| events.iter().filter_map(|(_, event)| event["delta"][key].as_str()).collect::<String>();
        let usage = events[events.len() - 2].1["usage"]["input_tokens"].clone();
        (join("text"), join("thinking"), join("signature"), join("stop_reason"), usage)
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(
        said(&[
            r#"{"id":"","object":"","model":"","choices":[],"prompt_filter_results":[]}"#,
            r#"{"id":"z","model":"glm","choices":[{"delta":{"role":"assistant","content":"a"}}]}"#,
            r#"{"id":"z","choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"eos"}],"x_groq":{"usage":{"prompt_tokens":4,"completion_tokens":2}}}"#,
        ]),
        (text("ab"), text(""), text(""), text("end_turn"), json!(4))
    );
    assert_eq!(
        said(&[
            &chunk(r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#),
            &chunk(r#"{"content":[{"type":"text","text":"a"}]}"#),
            &chunk(r#"{"content":"b"}"#),
            &finish("stop"),
        ]),
        (text("ab"), text("hm"), text("outrigger.v1.."), text("end_turn"), json!(0))
    );
    assert_eq!(
        said(&[
            &chunk(
                r#"{"content":"","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","format":"anthropic-claude-v1"}]}"#
            ),
            &chunk(
                r#"{"reasoning":null,"reasoning_details":[{"type":"reasoning.text","signature":"c2ln","format":"anthropic-claude-v1"}]}"#
            ),
            &chunk(r#"{"content":"a"}"#),
            &finish("stop"),
        ]),
        (text("a"), text("hm"), text("c2ln"), text("end_turn"), json!(0))
    );
}

/// R6: a stream and its unstreamed twin say the same.
#[test]
fn a_stream_adds_up_to_its_unstreamed_twin() {
    let mut decoder = crate::anthropic::stream::Decoder::default();
    use crate::codec::Decode as _;
    let mut fold = Fold::default();
    for data in CLAUDE {
        assert!(decoder.feed(None, data.as_bytes(), &mut |event| fold.add(&event)));
    }
    let twin = r#"{"id":"msg_1","model":"claude","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"text","text":"I call é\n"},{"type":"tool_use","id":"t1","name":"f","input":{"x": 1.50}},{"type":"tool_use","id":"t2","name":"g","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":7}}"#;
    assert_eq!(fold.finish(), crate::anthropic::response::decode(twin.as_bytes()).unwrap());
}

/// The tool that stood for a schema streams as text.
#[test]
fn the_tool_that_stood_for_a_schema_streams_as_text() {
    let echo = Echo { schema_tool: Some("answer_as_json"), ..echo(Operation::ChatCompletions) };
    let events = streamed_with(
        &echo,
        &[
            r#"{"type":"message_start","message":{"id":"m","model":"c"}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"answer_as_json","input":{}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}"#,
        ],
    );
    let text: String =
        events.iter().filter_map(|(_, chunk)| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    let reasons: Vec<&str> =
        events.iter().filter_map(|(_, chunk)| chunk["choices"][0]["finish_reason"].as_str()).collect();
    assert_eq!((text.as_str(), reasons.as_slice()), ("{\"a\":1}", &["stop"][..]));
}

/// S12: a stream knows nothing of the one before it; nothing that cannot be read stops it.
#[test]
fn what_cannot_be_read_gives_nothing_and_stops_nothing() {
    for operation in [Operation::ChatCompletions, Operation::Messages] {
        let mut stream = Stream::new(&echo(operation), &STAMP);
        let mut out = Vec::new();
        for data in [
            "",
            "{",
            "[]",
            "null",
            "[DONE]",
            "\u{feff}",
            r#"{"choices":[{"delta":{"tool_calls":[{}]}}]}"#,
            r#"{"type":"content_block_delta","delta":{"partial_json":"x"}}"#,
        ] {
            let _ = stream.feed(Some("error"), data.as_bytes(), &mut out);
        }
        stream.finish(&Closing::default(), &mut out);
        assert!(!out.is_empty());
    }
}

/// What is added at the end stands where callers look for it.
#[test]
fn cost_and_metadata_close_the_stream() {
    let closing = Closing { cost: Some("0.5".to_owned()), metadata: Some("{\"a\":1}".to_owned()) };
    let end = |echo: &Echo, data: &[&str]| {
        let mut stream = Stream::new(echo, &STAMP);
        let mut out = Vec::new();
        data.iter().for_each(|data| stream.feed(None, data.as_bytes(), &mut out).unwrap());
        out.clear();
        stream.finish(&closing, &mut out);
        String::from_utf8(out).unwrap()
    };
    let text = end(&echo(Operation::ChatCompletions), &CLAUDE);
    assert!(
        text.contains(r#""cost":0.5},"openrouter_metadata":{"a":1}}"#) && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
    let silent = Echo { include_usage: false, ..echo(Operation::ChatCompletions) };
    let text = end(&silent, &CLAUDE);
    assert!(text.contains(r#""openrouter_metadata":{"a":1}"#) && !text.contains("cost"), "{text}");
    let text = end(&echo(Operation::Messages), &[&chunk(r#"{"content":"x"}"#), &finish("stop")]);
    assert!(
        text.contains(r#""cost":0.5},"openrouter_metadata":{"a":1}}"#)
            && text.ends_with("{\"type\":\"message_stop\"}\n\n"),
        "{text}"
    );
}

/// R2, R3: a client that collects a stream's details as they came brings back the thought that was sealed.
#[test]
fn collected_details_are_the_thought_again() {
    let mut details = Vec::new();
    for chunk in streamed(Operation::ChatCompletions, &CLAUDE) {
        details.extend(chunk["choices"][0]["delta"]["reasoning_details"].as_array().into_iter().flatten().cloned());
    }
    assert_eq!(details.len(), 2);
    let call = json!({"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let body = json!({"max_tokens": 9000, "reasoning_effort": "low", "messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a", "tool_calls": [call], "reasoning_details": details},
        {"role": "tool", "tool_call_id": "t1", "content": "r"},
    ]});
    let (sent, losses) = to_claude(&body.to_string());
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"});
    assert_eq!((&sent["messages"][1]["content"][0], &*losses), (&thought, ""));
    assert_eq!(sent["thinking"]["type"], "enabled");
}

/// R1: calls without ids, told apart by their names or by an input that is whole.
#[test]
fn calls_without_ids_keep_apart() {
    let call = |fields: &str| chunk(&format!(r#"{{"tool_calls":[{fields}]}}"#));
    let one = r#"{"index":0,"function":{"name":"f","arguments":"{\"a\":1}"}}"#;
    let two = r#"{"index":0,"function":{"name":"f","arguments":"{\"b\":2}"}}"#;
    let bare =
        [r#"{"function":{"name":"f","arguments":"{\"a\":1}"}},{"function":{"name":"g","arguments":"{\"b\":2}"}}"#];
    for (names, data) in [(["f", "f"], vec![call(one), call(two)]), (["f", "g"], vec![call(bare[0])])] {
        let calls = calls(&messages(&[data, vec![finish("tool_calls")]].concat()));
        let told: Vec<_> = calls.iter().map(|(_, name, input)| (name.as_str(), input.as_str())).collect();
        assert_eq!(told, [(names[0], "{\"a\":1}"), (names[1], "{\"b\":2}")]);
        assert!(calls[0].0 != calls[1].0 && !calls[0].0.is_empty());
    }
}

/// R1: thoughts that come amid a call's input wait for it.
#[test]
fn a_thought_amid_a_calls_input_loses_nothing() {
    let events = messages(&[
        chunk(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"#),
        chunk(r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"d","format":"x"}]}"#),
        chunk(r#"{"reasoning":"hm"}"#),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}"#),
        finish("tool_calls"),
    ]);
    assert_eq!(calls(&events)[0].2, "{\"x\":1}");
    assert!(events.iter().any(|(_, event)| event["content_block"]["data"] == "outrigger.v1.x.d"));
    assert!(events.iter().any(|(_, event)| event["delta"]["thinking"] == "hm"));
}

/// S15: members of odd types cost themselves alone; what cannot be read at all says so.
#[test]
fn odd_types_cost_nothing_but_themselves() {
    let events = messages(&[
        r#"{"id":2,"model":null,"choices":[{"index":null,"delta":{"content":"a","reasoning":{},"tool_calls":[]},"finish_reason":""}]}"#.to_owned(),
        r#"{"id":"x","choices":[{"index":"0","delta":{"content":"b","reasoning_details":[{"text":5}]}}]}"#.to_owned(),
        finish("model_length"),
    ]);
    let text: String = events.iter().filter_map(|(_, event)| event["delta"]["text"].as_str()).collect();
    assert_eq!((text.as_str(), &events[events.len() - 2].1["delta"]["stop_reason"]), ("ab", &json!("max_tokens")));
    let mut stream = Stream::new(&echo(Operation::Messages), &STAMP);
    assert_eq!(stream.feed(None, b"{", &mut Vec::new()), Err(Unfit::Unreadable));
}

/// An answer that holds back without end is none, and calls without end are cut.
#[test]
fn what_is_held_back_is_bounded() {
    let mut stream = Stream::new(&echo(Operation::Messages), &STAMP);
    let mut out = Vec::new();
    stream
        .feed(
            None,
            chunk(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#).as_bytes(),
            &mut out,
        )
        .unwrap();
    let text = chunk(&format!(r#"{{"content":"{}"}}"#, "x".repeat(1 << 20)));
    let fed = (0..8).map(|_| stream.feed(None, text.as_bytes(), &mut out)).find(Result::is_err);
    assert_eq!(fed, Some(Err(Unfit::Overfull)));
    let mut stream = Stream::new(&echo(Operation::Messages), &STAMP);
    for call in 0..3_000 {
        let data = chunk(&format!(
            r#"{{"tool_calls":[{{"index":{call},"id":"c{call}","function":{{"name":"f","arguments":"{{}}"}}}}]}}"#
        ));
        stream.feed(None, data.as_bytes(), &mut out).unwrap();
        out.clear();
    }
    assert_eq!(stream.take_lost(), ["content.tool_calls"]);
}

/// Names of tools that OpenAI would refuse come back as the caller knows them.
#[test]
fn long_names_of_tools_come_back_whole() {
    let long = format!("mcp__server__{}", "x".repeat(90));
    let body = format!(
        r#"{{"max_tokens":9,"messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":[{{"type":"tool_use","id":"t","name":"{long}","input":{{}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t","content":"r"}}]}}],"tools":[{{"name":"{long}","input_schema":{{"type":"object"}}}}],"tool_choice":{{"type":"tool","name":"{long}"}}}}"#
    );
    let (sent, losses, echo) = translated(Operation::Messages, &body, &gpt());
    let short = sent["tools"][0]["function"]["name"].as_str().unwrap().to_owned();
    assert!(short.len() <= 64 && losses.is_empty(), "{short} {losses}");
    assert_eq!(
        (&sent["tool_choice"]["function"]["name"], &sent["messages"][1]["tool_calls"][0]["function"]["name"]),
        (&json!(short), &json!(short))
    );
    let call = chunk(&format!(
        r#"{{"tool_calls":[{{"index":0,"id":"a","function":{{"name":"{short}","arguments":"{{}}"}}}}]}}"#
    ));
    let events = streamed_with(&echo, &[&call, &finish("tool_calls")]);
    assert_eq!(calls(&events)[0].1, long);
}
