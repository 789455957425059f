//! Anthropic's messages: content blocks, and a stream that opens, fills and closes each of them.

use serde_json::{Value, json};

use crate::{
    reply::{Dialect, Reply, event},
    text,
};

/// `POST /v1/messages`
pub(crate) fn messages(sim: &str, request: &Value) -> Reply {
    let (model, prompt) = match read(request) {
        Ok(read) => read,
        Err(why) => return Reply::error(Dialect::Anthropic, 400, why),
    };
    let Some(limit) = request["max_tokens"].as_u64() else {
        return Reply::error(Dialect::Anthropic, 400, "simulated: max_tokens: Field required");
    };
    let answer = Answer::to(sim, model, &prompt, limit, request);
    let input = text::count(&prompt);
    let message = |content: Value, stop: Value, output: u64| {
        json!({"id": text::id("msg_", sim, request), "type": "message", "role": "assistant", "model": model,
            "content": content, "stop_reason": stop, "stop_sequence": null,
            "usage": {"input_tokens": input, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "output_tokens": output}})
    };
    if request["stream"] != true {
        return Reply::json(&message(json!([answer.block]), answer.stop.into(), answer.words));
    }
    let mut story = vec![
        json!({"type": "message_start", "message": message(json!([]), Value::Null, 1)}),
        json!({"type": "content_block_start", "index": 0, "content_block": answer.opened}),
        json!({"type": "ping"}),
    ];
    for delta in &answer.deltas {
        story.push(json!({"type": "content_block_delta", "index": 0, "delta": delta}));
    }
    story.push(json!({"type": "content_block_stop", "index": 0}));
    story.push(json!({"type": "message_delta", "delta": {"stop_reason": answer.stop, "stop_sequence": null},
        "usage": {"output_tokens": answer.words}}));
    story.push(json!({"type": "message_stop"}));
    Reply::events(story.iter().map(event).collect())
}

/// `POST /v1/messages/count_tokens`
pub(crate) fn count_tokens(_sim: &str, request: &Value) -> Reply {
    match read(request) {
        Ok((_, prompt)) => Reply::json(&json!({"input_tokens": text::count(&prompt)})),
        Err(why) => Reply::error(Dialect::Anthropic, 400, why),
    }
}

fn read(request: &Value) -> Result<(&str, String), &'static str> {
    let model = text::model(request)?;
    if !request["messages"].is_array() {
        return Err("simulated: messages: Field required");
    }
    let (system, said) = (text::words_in(&request["system"]), text::words_in(&request["messages"]));
    Ok((model, if system.is_empty() { said } else { format!("{system} {said}") }))
}

/// One content block: as a whole, as it is opened in a stream, and the deltas that fill it.
struct Answer {
    block: Value,
    opened: Value,
    deltas: Vec<Value>,
    stop: &'static str,
    words: u64,
}

impl Answer {
    fn to(sim: &str, model: &str, prompt: &str, limit: u64, request: &Value) -> Self {
        let choice = &request["tool_choice"];
        let named = choice["name"].as_str().filter(|_| choice["type"] == "tool");
        let first = request["tools"][0]["name"].as_str().filter(|_| choice["type"] == "any");
        if let Some(name) = named.or(first) {
            let input = json!({"simulated": true, "provider": sim, "words": text::count(prompt)});
            let id = text::id("toolu_", sim, request);
            let written = input.to_string();
            let deltas =
                written.split_inclusive(',').map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
            return Self {
                deltas: deltas.collect(),
                words: 1 + text::count(&written),
                opened: json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                block: json!({"type": "tool_use", "id": id, "name": name, "input": input}),
                stop: "tool_use",
            };
        }
        let (said, was_cut) = text::cut(text::answer(sim, model, prompt), Some(limit));
        Self {
            opened: json!({"type": "text", "text": ""}),
            deltas: text::pieces(&said).iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect(),
            stop: if was_cut { "max_tokens" } else { "end_turn" },
            words: text::count(&said),
            block: json!({"type": "text", "text": said}),
        }
    }
}
