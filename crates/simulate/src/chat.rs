//! OpenAI's chat completions, and the older completions beside them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    reply::{CREATED, Dialect, Reply, data},
    text,
};

/// `POST /v1/chat/completions`
pub(crate) fn chat(sim: &str, request: &Value) -> Reply {
    let model = match text::model(request) {
        Ok(model) => model,
        Err(why) => return Reply::error(Dialect::OpenAi, 400, why),
    };
    if !request["messages"].is_array() {
        return Reply::error(Dialect::OpenAi, 400, "simulated: `messages` is not a list");
    }
    let prompt = text::words_in(&request["messages"]);
    let said = Said::to(sim, model, &prompt, request);
    let frame = Frame { sim, model, request, prompt_words: text::count(&prompt) };
    if request["stream"] == true { frame.streamed(&said) } else { frame.whole(&said) }
}

/// `POST /v1/completions`
pub(crate) fn completion(sim: &str, request: &Value) -> Reply {
    let model = match text::model(request) {
        Ok(model) => model,
        Err(why) => return Reply::error(Dialect::OpenAi, 400, why),
    };
    let prompt = text::words_in(&request["prompt"]);
    let (answer, was_cut) = text::cut(text::answer(sim, model, &prompt), request["max_tokens"].as_u64());
    let finish = if was_cut { "length" } else { "stop" };
    let usage = usage(text::count(&prompt), text::count(&answer));
    let id = text::id("cmpl-", sim, request);
    let body = |text: &str, finish: Value| {
        json!({"id": id, "object": "text_completion", "created": CREATED, "model": model,
            "choices": [{"text": text, "index": 0, "logprobs": null, "finish_reason": finish}]})
    };
    if request["stream"] != true {
        let mut whole = body(&answer, finish.into());
        whole["usage"] = usage;
        return Reply::json(&whole);
    }
    let pieces = text::pieces(&answer);
    let mut chunks: Vec<Value> = pieces.iter().map(|piece| body(piece, Value::Null)).collect();
    chunks.push(body("", finish.into()));
    stream(chunks, body("", Value::Null), usage, request)
}

/// What a simulated model has decided to do.
enum Said {
    Text { text: String, finish: &'static str },
    Call { name: String, arguments: String, finish: &'static str },
}

impl Said {
    /// A call when the request insists on one, words otherwise.
    fn to(sim: &str, model: &str, prompt: &str, request: &Value) -> Self {
        if let Some((name, finish)) = insisted(request) {
            let arguments = json!({"simulated": true, "provider": sim, "words": text::count(prompt)}).to_string();
            return Self::Call { name, arguments, finish };
        }
        let limit = request["max_completion_tokens"].as_u64().or(request["max_tokens"].as_u64());
        let words = match request["response_format"]["type"].as_str() {
            Some("json_object" | "json_schema") => text::answer_json(sim, model, prompt),
            _ => text::answer(sim, model, prompt),
        };
        let (text, was_cut) = text::cut(words, limit);
        Self::Text { text, finish: if was_cut { "length" } else { "stop" } }
    }

    fn words(&self) -> u64 {
        match self {
            Self::Text { text, .. } => text::count(text),
            Self::Call { arguments, .. } => 1 + text::count(arguments),
        }
    }
}

/// The tool that must be called and the finish reason that goes with it: OpenAI says `tool_calls` when any tool will do
/// and `stop` when the caller named the one.
fn insisted(request: &Value) -> Option<(String, &'static str)> {
    let first = request["tools"][0]["function"]["name"].as_str()?;
    if request["tool_choice"] == "required" {
        return Some((first.to_owned(), "tool_calls"));
    }
    let named = request["tool_choice"]["function"]["name"].as_str()?;
    Some((named.to_owned(), "stop"))
}

/// What every object of one answer shares.
struct Frame<'r> {
    sim: &'r str,
    model: &'r str,
    request: &'r Value,
    prompt_words: u64,
}

impl Frame<'_> {
    fn object(&self, kind: &str, choices: Value) -> Value {
        json!({"id": text::id("chatcmpl-", self.sim, self.request), "object": kind, "created": CREATED,
            "model": self.model, "system_fingerprint": "fp_simulated", "choices": choices})
    }

    fn whole(&self, said: &Said) -> Reply {
        let (message, finish) = match said {
            Said::Text { text, finish } => {
                (json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}), finish)
            }
            Said::Call { name, arguments, finish } => {
                let call = json!({"id": self.call_id(), "type": "function",
                    "function": {"name": name, "arguments": arguments}});
                (json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]}), finish)
            }
        };
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish});
        let mut whole = self.object("chat.completion", json!([choice]));
        whole["usage"] = usage(self.prompt_words, said.words());
        Reply::json(&whole)
    }

    fn streamed(&self, said: &Said) -> Reply {
        let chunk = |delta: Value, finish: Value| {
            let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
            self.object("chat.completion.chunk", json!([choice]))
        };
        let mut chunks = Vec::new();
        let finish = match said {
            Said::Text { text, finish } => {
                chunks.push(chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null));
                let pieces = text::pieces(text);
                chunks.extend(pieces.iter().map(|piece| chunk(json!({"content": piece}), Value::Null)));
                finish
            }
            Said::Call { name, arguments, finish } => {
                let opened = json!({"index": 0, "id": self.call_id(), "type": "function",
                    "function": {"name": name, "arguments": ""}});
                let role = json!({"role": "assistant", "content": null, "tool_calls": [opened], "refusal": null});
                chunks.push(chunk(role, Value::Null));
                for piece in arguments.split_inclusive(',') {
                    let more = json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
                    chunks.push(chunk(more, Value::Null));
                }
                finish
            }
        };
        chunks.push(chunk(json!({}), (*finish).into()));
        let closing = self.object("chat.completion.chunk", json!([]));
        stream(chunks, closing, usage(self.prompt_words, said.words()), self.request)
    }

    fn call_id(&self) -> String {
        text::id("call_", self.sim, self.request)
    }
}

/// Turns chunks into events. With `stream_options.include_usage` every chunk carries `"usage": null` and one more, with no
/// choices, carries the numbers; without it no chunk has the field at all.
fn stream(mut chunks: Vec<Value>, mut closing: Value, usage: Value, request: &Value) -> Reply {
    if request["stream_options"]["include_usage"] == true {
        chunks.iter_mut().for_each(|chunk| chunk["usage"] = Value::Null);
        closing["choices"] = json!([]);
        closing["usage"] = usage;
        chunks.push(closing);
    }
    let mut parts: Vec<Bytes> = chunks.iter().map(data).collect();
    parts.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Reply::events(parts)
}

fn usage(prompt: u64, completion: u64) -> Value {
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}})
}
