use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    counter::tests::counter,
    image::{Detail, Image},
};

fn estimate_of(model: &str, body: &Value) -> Estimate {
    estimate(counter(), model, body.to_string().as_bytes()).expect("JSON")
}

fn tokens(model: &str, body: &Value) -> u64 {
    estimate_of(model, body).tokens
}

#[test]
fn a_chat_of_gpt_4o_is_exact() {
    // OpenAI's rule: three and the role for each message, three for the answer.
    let body = json!({"messages": [{"role": "user", "content": "hello world"}]});
    assert_eq!(tokens("gpt-4o", &body), 2 + 4 + 3);
    let body = json!({"messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "tiktoken is great!"},
    ]});
    assert_eq!(tokens("gpt-4o", &body), 6 + 6 + 2 * 4 + 3);
}

#[test]
fn parts_of_a_content_are_its_text() {
    let parts = json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "hello world"}, {"type": "text", "text": "hello world"},
    ]}]});
    assert_eq!(tokens("gpt-4o", &parts), 4 + 4 + 3);
}

#[test]
fn embeddings_are_bare_text_or_ready_made_tokens() {
    assert_eq!(tokens("text-embedding-3-small", &json!({"input": ["hello", "world"]})), 2);
    assert_eq!(tokens("text-embedding-3-small", &json!({"input": "hello world"})), 2);
    assert_eq!(tokens("text-embedding-3-small", &json!({"input": [[1, 2, 3], [4, 5]]})), 5);
    assert_eq!(tokens("text-embedding-3-small", &json!({"input": [1, 2, 3]})), 3);
}

#[test]
fn one_string_is_a_message_to_a_model_that_talks() {
    let talk = tokens("gpt-4o", &json!({"input": "hello world"}));
    assert_eq!(talk, tokens("gpt-4o", &json!({"input": [{"role": "user", "content": "hello world"}]})));
    assert!(talk > 2);
}

#[test]
fn the_same_conversation_costs_the_same_in_each_form() {
    let chat = json!({"messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Paris\"}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "Sunny"},
    ]});
    let responses = json!({"instructions": "Be brief.", "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "What is the weather in Paris?"}]},
        {"type": "function_call", "call_id": "1", "name": "weather", "arguments": "{\"city\":\"Paris\"}"},
        {"type": "function_call_output", "call_id": "1", "output": "Sunny"},
    ]});
    let messages = json!({"system": [{"type": "text", "text": "Be brief."}], "messages": [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "weather", "input": {"city": "Paris"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "Sunny"}]},
    ]});
    let expected = tokens("gpt-4o", &chat);
    assert!(expected > 30);
    assert_eq!(tokens("gpt-4o", &responses), expected);
    assert_eq!(tokens("gpt-4o", &messages), expected);
}

#[test]
fn tools_count_in_any_form() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string", "description": "The city"}}});
    let say = json!([{"role": "user", "content": "hi"}]);
    let body = |tool: Value| json!({"messages": say, "tools": [tool]});
    let chat =
        body(json!({"type": "function", "function": {"name": "weather", "description": "Now", "parameters": schema}}));
    let flat = body(json!({"type": "function", "name": "weather", "description": "Now", "parameters": schema}));
    let anthropic = body(json!({"name": "weather", "description": "Now", "input_schema": schema}));
    let expected = tokens("claude-sonnet-4-5", &chat);
    assert!(expected > 400, "{expected}");
    assert_eq!(tokens("claude-sonnet-4-5", &flat), expected);
    assert_eq!(tokens("claude-sonnet-4-5", &anthropic), expected);
    // Searched for by the model, not told.
    let deferred = body(json!({"name": "weather", "input_schema": schema, "defer_loading": true}));
    assert!(tokens("claude-sonnet-4-5", &deferred) < 20);
}

#[test]
fn tools_are_declared_to_openai() {
    let schema = json!({
        "type": "object",
        "required": ["city"],
        "properties": {
            "city": {"type": "string", "description": "The city"},
            "unit": {"enum": ["c", "f"], "default": "c"},
            "days": {"type": "array", "items": {"type": "integer"}},
            "at": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "place": {"type": "object", "properties": {"lat": {"type": "number"}}},
        },
    })
    .to_string();
    let body = format!(r#"{{"tools":[{{"name":"weather","description":"The weather.","parameters":{schema}}}]}}"#);
    let root: Node<'_> = serde_json::from_str(&body).expect("JSON");
    let parts = Parts::of(&root);
    let declared = parts.tools[0].declaration();
    for line in [
        "// The weather.\ntype weather = (_: {\n",
        "// The city\ncity: string,\n",
        "unit?: \"c\" | \"f\", // default: \"c\"\n",
        "days?: number[],\n",
        "at?: string | null,\n",
        "place?: {\nlat?: number,\n},\n",
        "}) => any;",
    ] {
        assert!(declared.contains(line), "{line:?} in {declared}");
    }
}

#[test]
fn a_deep_schema_ends() {
    let mut schema = json!({"type": "string"});
    for _ in 0..40 {
        schema = json!({"type": "object", "properties": {"a": schema}});
    }
    let body = json!({"messages": [], "tools": [{"name": "deep", "parameters": schema}]});
    assert!(tokens("gpt-4o", &body) < 400);
}

#[test]
fn the_schema_of_an_answer_counts_for_those_who_are_told() {
    let say = json!([{"role": "user", "content": "hi"}]);
    let schema = json!({"type": "object", "properties": {"answer": {"type": "string"}}});
    let chat = json!({"messages": say, "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}});
    let anthropic = json!({"messages": say, "output_config": {"format": {"type": "json_schema", "schema": schema}}});
    let plain = json!({"messages": say});
    for model in ["gpt-4o", "claude-sonnet-4-5"] {
        assert!(tokens(model, &chat) > tokens(model, &plain) + 15, "{model}");
        assert!(tokens(model, &anthropic) > tokens(model, &plain) + 15, "{model}");
    }
}

#[test]
fn thoughts_of_earlier_turns_are_gone() {
    let turn = |last: Value| {
        json!({"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "a long thought ".repeat(50)}, {"type": "text", "text": "hello"},
                {"type": "tool_use", "name": "t", "input": {}}]},
            last,
        ]})
    };
    let over = turn(json!({"role": "user", "content": "bye"}));
    let going_on = turn(json!({"role": "user", "content": [{"type": "tool_result", "content": "done"}]}));
    assert!(tokens("claude-sonnet-4-5", &going_on) > tokens("claude-sonnet-4-5", &over) + 100);
    let tagged = json!({"messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": format!("<think>{}</think>hello", "a long thought ".repeat(50))},
        {"role": "user", "content": "bye"},
    ]});
    assert!(tokens("deepseek-r1", &tagged) < 40);
}

#[test]
fn pictures_cost_what_their_vendor_says() {
    let mut file = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    file.extend(1024_u32.to_be_bytes());
    file.extend(1024_u32.to_be_bytes());
    let data = STANDARD.encode(&file);
    let url = format!("data:image/png;base64,{data}");
    let chat = |detail: &str| {
        json!({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": url, "detail": detail}}]}]})
    };
    let anthropic = json!({"messages": [{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}]}]});
    let nothing = json!({"messages": [{"role": "user", "content": []}]});
    let cost = |model: &str, body: &Value| tokens(model, body) - tokens(model, &nothing);
    // OpenAI's own examples: 1024 by 1024 is 85 + 4 * 170; in low detail the base alone.
    assert_eq!(cost("gpt-4o", &chat("high")), 765);
    assert_eq!(cost("gpt-4o", &chat("low")), 85);
    assert_eq!(cost("gpt-4.1-mini", &chat("auto")), 1659);
    // Anthropic: 1024 * 1024 / 750.
    assert_eq!(cost("claude-sonnet-4-5", &anthropic), 1399);
    assert_eq!(cost("gemini-2.5-flash", &chat("high")), 258);
    assert_eq!(estimate_of("gpt-4o", &chat("high")).assumed, 0);
}

#[test]
fn a_large_picture_is_shrunk_first() {
    let rule = |model: &str| Pictures::of(model, Family::of(model));
    // OpenAI's example of 2048 by 4096.
    assert_eq!(rule("gpt-4o").tokens(2048.0, 4096.0, false), 1105);
    assert_eq!(rule("claude-sonnet-4-5").tokens(8000.0, 8000.0, false), 1600);
    assert_eq!(rule("claude-opus-4-7").tokens(8000.0, 8000.0, false), 4784);
    assert_eq!(rule("gpt-4.1-nano").tokens(9000.0, 9000.0, false), 3779);
}

#[test]
fn what_cannot_be_known_is_said() {
    let content = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    for block in [
        json!({"type": "file", "file": {"file_id": "f"}}),
        json!({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}),
        json!({"type": "document", "source": {"type": "base64", "data": ""}}),
        json!({"type": "something_new", "payload": 1}),
    ] {
        assert_eq!(estimate_of("gpt-4o", &content(block.clone())).unknown, 1, "{block}");
    }
    let redacted = json!({"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]});
    for body in [
        json!({"messages": [{"role": "user", "content": "hi"}, redacted]}),
        json!({"input": [{"role": "user", "content": "hi"}, {"type": "reasoning", "encrypted_content": "x"}]}),
        json!({"input": "hi", "previous_response_id": "r"}),
        json!({"messages": [], "tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        json!({"prompt": {"id": "p"}}),
    ] {
        assert_eq!(estimate_of("gpt-4o", &body).unknown, 1, "{body}");
    }
    let linked = content(json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}));
    let linked = estimate_of("gpt-4o", &linked);
    assert_eq!((linked.unknown, linked.assumed), (0, 1));
    let text = content(json!({"type": "document", "source": {"type": "text", "data": "hello world"}}));
    assert_eq!(estimate_of("gpt-4o", &text).unknown, 0);
    assert!(tokens("gpt-4o", &text) >= 9);
}

#[test]
fn bounds_hold_what_is_counted_and_are_none_where_that_is_unknown() {
    let body = json!({"messages": [{"role": "user", "content": "The quick brown fox. ".repeat(500)}]}).to_string();
    let prompt = Prompt::read(body.as_bytes()).expect("JSON");
    let bounds = prompt.bounds("gpt-4o").expect("all is known");
    assert!((bounds.least..=bounds.most).contains(&prompt.estimate(counter(), "gpt-4o").tokens));
    assert_eq!(prompt.text_bytes(), 21 * 500);
    let file = json!({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}).to_string();
    assert_eq!(Prompt::read(file.as_bytes()).expect("JSON").bounds("gpt-4o"), None);
}

#[test]
fn a_huge_body_is_sampled() {
    let text = "Some words that are said again and again. ".repeat(100_000);
    let body = json!({"messages": [{"role": "user", "content": text}]});
    let estimate = estimate_of("gpt-4o", &body);
    assert!(estimate.sampled);
    assert!((estimate.tokens as f64 / 900_000.0 - 1.0).abs() < 0.01, "{}", estimate.tokens);
}

#[test]
fn what_is_not_json_has_no_estimate() {
    for body in [&b""[..], b"{", b"\xff", b"[1", "[".repeat(100_000).as_bytes()] {
        assert_eq!(estimate(counter(), "gpt-4o", body), None);
    }
}

/// JSON that looks like a request here and there.
fn request() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "messages",
        "content",
        "role",
        "user",
        "assistant",
        "type",
        "text",
        "tools",
        "function",
        "name",
        "parameters",
        "properties",
        "enum",
        "anyOf",
        "items",
        "required",
        "input",
        "prompt",
        "image_url",
        "url",
        "source",
        "data",
        "data:image/png;base64,iVBORw0KGgo",
        "tool_use",
        "tool_result",
        "thinking",
        "system",
        "tool_calls",
        "output",
        "reasoning",
        "function_call",
        "document",
        "response_format",
        "json_schema",
        "schema",
        "tool_choice",
        "<think>",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(word.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_counted(body in request(), model in "(gpt-4o|claude-opus-4-7|gemini-3-pro|x)") {
        let text = body.to_string();
        let prompt = Prompt::read(text.as_bytes()).expect("JSON");
        let _ = prompt.bounds(&model);
        let _ = prompt.estimate(counter(), &model);
    }

    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = estimate(counter(), "gpt-4o", &body);
        Image::of_base64(&STANDARD.encode(&body), Detail::High).tokens(Pictures::Flat(1));
    }

    #[test]
    fn any_picture_is_survived(head in prop::sample::select(vec![
        &b"\x89PNG"[..], b"GIF8", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L", b"\xff\xd8\xff\xe1",
    ]), rest in prop::collection::vec(any::<u8>(), 0..80)) {
        let image = Image::of_base64(&STANDARD.encode([head, &rest].concat()), Detail::High);
        for model in ["gpt-4o", "gpt-4.1-mini", "claude-opus-4-7"] {
            image.tokens(Pictures::of(model, Family::of(model)));
        }
    }
}
