//! What well-behaved providers say, and what callers ask.

use serde_json::{Value, json};

use super::{Ev, Reply, Request};

/// The prompt tokens of every ready-made answer, unless it is told other numbers.
pub const PROMPT_TOKENS: u64 = 11;
/// The completion tokens of every ready-made answer, unless it is told other numbers.
pub const COMPLETION_TOKENS: u64 = 7;

// Requests.

/// A chat completion request for a model or route.
pub fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hello"}]})
}

/// The same, streamed.
pub fn chat_streamed(model: &str) -> Value {
    json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "hello"}]})
}

/// The same, streamed, with usage at the end.
pub fn chat_streamed_with_usage(model: &str) -> Value {
    let mut request = chat_streamed(model);
    request["stream_options"] = json!({"include_usage": true});
    request
}

/// An Anthropic message request for a model or route.
pub fn message(model: &str) -> Value {
    json!({"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]})
}

/// The same, streamed.
pub fn message_streamed(model: &str) -> Value {
    let mut request = message(model);
    request["stream"] = json!(true);
    request
}

// Answers in OpenAI's dialect; `model` is the one the request named.

pub fn chat_ok(text: &str) -> Reply {
    chat_ok_usage(text, PROMPT_TOKENS, COMPLETION_TOKENS)
}

pub fn chat_ok_usage(text: &str, prompt: u64, completion: u64) -> Reply {
    let text = text.to_owned();
    Reply::json_for(move |request| {
        json!({"id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": model(request),
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
                "logprobs": null, "finish_reason": "stop"}],
            "usage": usage(prompt, completion)})
    })
}

/// The same from a cache that knows the conversation.
pub fn chat_cached(text: &str) -> Reply {
    let text = text.to_owned();
    Reply::json_for(move |request| {
        let mut usage = usage(PROMPT_TOKENS, COMPLETION_TOKENS);
        usage["prompt_tokens_details"] = json!({"cached_tokens": 5});
        json!({"id": "chatcmpl-up", "object": "chat.completion", "created": 1, "model": model(request),
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": usage})
    })
}

/// A role chunk, a chunk per delta, a finish chunk, a usage chunk if the request asks for it, and `[DONE]`.
pub fn chat_stream<'t>(deltas: impl IntoIterator<Item = &'t str>) -> Reply {
    chat_stream_usage(deltas, PROMPT_TOKENS, COMPLETION_TOKENS)
}

pub fn chat_stream_usage<'t>(deltas: impl IntoIterator<Item = &'t str>, prompt: u64, completion: u64) -> Reply {
    let deltas: Vec<String> = deltas.into_iter().map(str::to_owned).collect();
    Reply::sse_for(move |request| {
        let asked = request.json();
        let with_usage = asked["stream_options"]["include_usage"] == true;
        let chunk = |choices: Value| {
            let mut chunk = json!({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1,
                "model": model(request), "choices": choices});
            if with_usage {
                chunk["usage"] = Value::Null;
            }
            chunk
        };
        let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
        let mut events = vec![chunk(choice(json!({"role": "assistant", "content": ""}), Value::Null))];
        events.extend(deltas.iter().map(|delta| chunk(choice(json!({"content": delta}), Value::Null))));
        events.push(chunk(choice(json!({}), json!("stop"))));
        if with_usage {
            let mut last = chunk(json!([]));
            last["usage"] = usage(prompt, completion);
            events.push(last);
        }
        events.iter().map(Ev::data).chain([Ev::done()]).collect()
    })
}

/// One content chunk as an event, for scripts written by hand.
pub fn chat_delta(text: &str) -> Ev {
    Ev::data(json!({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1, "model": "m-up",
        "choices": [{"index": 0, "delta": {"content": text}, "logprobs": null, "finish_reason": null}]}))
}

/// An error body as OpenAI words it, with the type and code that go with the status.
pub fn error_body(status: u16) -> Value {
    let (kind, code) = match status {
        401 => ("authentication_error", "invalid_api_key"),
        403 => ("permission_error", "forbidden"),
        404 => ("invalid_request_error", "model_not_found"),
        429 => ("rate_limit_error", "rate_limit_exceeded"),
        400..500 => ("invalid_request_error", "invalid_value"),
        _ => ("server_error", "server_error"),
    };
    error_with(kind, code, &format!("scripted {status}"))
}

/// The chunk that ends an answer.
pub fn chat_finish(reason: &str) -> Ev {
    Ev::data(json!({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1, "model": "m-up",
        "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

/// An error body as OpenAI words it.
pub fn error_with(kind: &str, code: &str, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

// Answers in Anthropic's dialect.

pub fn messages_ok(text: &str) -> Reply {
    let text = text.to_owned();
    Reply::json_for(move |request| {
        json!({"id": "msg_up", "type": "message", "role": "assistant", "model": model(request),
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS}})
    })
}

pub fn messages_stream<'t>(deltas: impl IntoIterator<Item = &'t str>) -> Reply {
    let deltas: Vec<String> = deltas.into_iter().map(str::to_owned).collect();
    Reply::sse_for(move |request| {
        let start = json!({"id": "msg_up", "type": "message", "role": "assistant", "model": model(request),
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": 1}});
        let mut events = vec![
            json!({"type": "message_start", "message": start}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "ping"}),
        ];
        events.extend(deltas.iter().map(
            |delta| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": delta}}),
        ));
        events.extend([
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                "usage": {"output_tokens": COMPLETION_TOKENS}}),
            json!({"type": "message_stop"}),
        ]);
        events.iter().map(|event| Ev::named(event["type"].as_str().unwrap_or(""), event)).collect()
    })
}

/// An error body as Anthropic words it.
pub fn messages_error_body(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}})
}

fn usage(prompt: u64, completion: u64) -> Value {
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}

fn model(request: &Request) -> Value {
    serde_json::from_slice::<Value>(&request.body).map_or(json!("m-up"), |body| body["model"].clone())
}
