//! OpenAI's responses: one answer is a list of output items, and its stream a numbered story about them.

use serde_json::{Value, json};

use crate::{
    reply::{CREATED, Dialect, Reply, event},
    text,
};

/// `POST /v1/responses`
pub(crate) fn responses(sim: &str, request: &Value) -> Reply {
    let model = match text::model(request) {
        Ok(model) => model,
        Err(why) => return Reply::error(Dialect::OpenAi, 400, why),
    };
    let prompt = format!("{} {}", text::words_in(&request["instructions"]), text::words_in(&request["input"]));
    let prompt = prompt.trim();
    let item = Item::for_request(sim, model, prompt, request);
    let (input, output) = (text::count(prompt), item.words());
    let usage = json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + output});
    let response = |status: &str, output: Value, usage: Value| {
        json!({"id": text::id("resp_", sim, request), "object": "response", "created_at": CREATED, "status": status,
            "error": null, "incomplete_details": null, "model": model, "output": output, "usage": usage,
            "parallel_tool_calls": true, "tools": request.get("tools").cloned().unwrap_or(json!([])),
            "tool_choice": request.get("tool_choice").cloned().unwrap_or(json!("auto")), "metadata": {}})
    };
    let completed = response("completed", json!([item.done()]), usage);
    if request["stream"] != true {
        return Reply::json(&completed);
    }
    let begun = response("in_progress", json!([]), Value::Null);
    let mut story = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    story.extend(item.story());
    story.push(json!({"type": "response.completed", "response": completed}));
    for (number, told) in story.iter_mut().enumerate() {
        told["sequence_number"] = number.into();
    }
    Reply::events(story.iter().map(event).collect())
}

/// The one output item of a simulated response.
enum Item {
    Message { id: String, text: String },
    Call { id: String, call_id: String, name: String, arguments: String },
}

impl Item {
    fn for_request(sim: &str, model: &str, prompt: &str, request: &Value) -> Self {
        let choice = &request["tool_choice"];
        let named = choice["name"].as_str();
        let first = request["tools"][0]["name"].as_str().filter(|_| choice == "required");
        match named.or(first) {
            Some(name) => Self::Call {
                id: text::id("fc_", sim, request),
                call_id: text::id("call_", sim, request),
                name: name.to_owned(),
                arguments: json!({"simulated": true, "provider": sim, "words": text::count(prompt)}).to_string(),
            },
            None => Self::Message { id: text::id("msg_", sim, request), text: text::answer(sim, model, prompt) },
        }
    }

    fn words(&self) -> u64 {
        match self {
            Self::Message { text, .. } => text::count(text),
            Self::Call { arguments, .. } => 1 + text::count(arguments),
        }
    }

    fn begun(&self) -> Value {
        match self {
            Self::Message { id, .. } => {
                json!({"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []})
            }
            Self::Call { id, call_id, name, .. } => json!({"id": id, "type": "function_call", "status": "in_progress",
                "call_id": call_id, "name": name, "arguments": ""}),
        }
    }

    fn done(&self) -> Value {
        let mut item = self.begun();
        item["status"] = "completed".into();
        match self {
            Self::Message { text, .. } => item["content"] = json!([part(text)]),
            Self::Call { arguments, .. } => item["arguments"] = arguments.as_str().into(),
        }
        item
    }

    /// Everything that is told between `response.in_progress` and `response.completed`.
    fn story(&self) -> Vec<Value> {
        let mut story = vec![json!({"type": "response.output_item.added", "output_index": 0, "item": self.begun()})];
        let mut tell = |kind: &str, id: &str, mut more: Value| {
            more["type"] = kind.into();
            more["item_id"] = id.into();
            more["output_index"] = 0.into();
            story.push(more);
        };
        match self {
            Self::Message { id, text } => {
                tell("response.content_part.added", id, json!({"content_index": 0, "part": part("")}));
                for delta in text::pieces(text) {
                    tell("response.output_text.delta", id, json!({"content_index": 0, "delta": delta, "logprobs": []}));
                }
                tell("response.output_text.done", id, json!({"content_index": 0, "text": text, "logprobs": []}));
                tell("response.content_part.done", id, json!({"content_index": 0, "part": part(text)}));
            }
            Self::Call { id, arguments, .. } => {
                for delta in arguments.split_inclusive(',') {
                    tell("response.function_call_arguments.delta", id, json!({"delta": delta}));
                }
                tell("response.function_call_arguments.done", id, json!({"arguments": arguments}));
            }
        }
        story.push(json!({"type": "response.output_item.done", "output_index": 0, "item": self.done()}));
        story
    }
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}
