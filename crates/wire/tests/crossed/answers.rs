//! What an answer says, before and behind its translation.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use outrigger_wire::{
    Head, Operation,
    hub::{Closing, Stamp},
    spoken,
    sse::Framer,
    translate::{self, Echo},
};
use serde_json::{Value, json};

use crate::{input, name, other, target};

const STAMP: Stamp<'static> = Stamp { created: 1, request_id: "gen-1-test" };

/// What an answer says, whatever its dialect.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    text: String,
    thoughts: String,
    /// Name and input of each call; input as JSON where it is, else as text.
    calls: Vec<(String, Value)>,
    stop: String,
    input: u64,
    output: u64,
    cached: u64,
}

pub(crate) type Crossing = (Said, Said, Vec<String>, Option<&'static str>);

pub(crate) fn cross(operation: Operation, exchange: &Value) -> Option<Crossing> {
    let status = exchange["status"].as_u64().unwrap_or(200);
    let body = Bytes::from(BASE64_STANDARD.decode(exchange["response_b64"].as_str()?).ok()?);
    let text = body.trim_ascii_start();
    let streamed = [&b"data:"[..], b"event:", b":"].iter().any(|start| text.starts_with(start));
    if !(200..300).contains(&status) || body.is_empty() {
        return None;
    }
    let echo = echo(other(operation))?;
    if streamed {
        let events: Vec<(Option<String>, Vec<u8>)> = events(&body);
        let recorded: Vec<Value> = events.iter().filter_map(|(_, data)| serde_json::from_slice(data).ok()).collect();
        if recorded.is_empty() || recorded.iter().any(|event| event["error"].is_object()) {
            return None;
        }
        let mut stream = translate::Stream::new(&echo, &STAMP);
        let mut out = Vec::new();
        for (event, data) in &events {
            // `[DONE]` and the like are no events of the dialect.
            let _ = stream.feed(event.as_deref(), data, &mut out);
        }
        stream.finish(&Closing::default(), &mut out);
        let emitted = self::events(&Bytes::from(out));
        let crossed: Vec<Value> = emitted.iter().filter_map(|(_, data)| serde_json::from_slice(data).ok()).collect();
        let lines = emitted.iter().map(|(_, data)| String::from_utf8_lossy(data).into_owned()).collect();
        let (said, again) = (said_in_stream(operation, &recorded), said_in_stream(other(operation), &crossed));
        let reason = odd_answer(&recorded);
        Some((said, again, lines, reason))
    } else {
        let recorded: Value = serde_json::from_slice(&body).ok()?;
        if spoken::answer(operation, &body).is_err() {
            return None;
        }
        let (out, _) = translate::whole(&body, &echo, &STAMP)
            .unwrap_or_else(|failure| panic!("{failure:?}: {}", String::from_utf8_lossy(&body)));
        let crossed: Value = serde_json::from_slice(&out).expect("we write JSON");
        let reason = odd_answer(std::slice::from_ref(&recorded));
        let (said, again) = (said(operation, &recorded), said(other(operation), &crossed));
        Some((said, again, vec![String::from_utf8_lossy(&out).into_owned()], reason))
    }
}

/// The echo of a plain request of a caller of `operation`.
fn echo(operation: Operation) -> Option<Echo> {
    let body = br#"{"model":"m","max_tokens":64,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"q"}]}"#;
    Some(translate::request(operation, &Head::read(body).ok()?, &target(operation)).ok()?.echo)
}

fn odd_answer(recorded: &[Value]) -> Option<&'static str> {
    let any = |test: &dyn Fn(&Value) -> bool| recorded.iter().any(test);
    if any(&|event| {
        event["choices"]
            .as_array()
            .is_some_and(|choices| choices.iter().any(|choice| choice["index"].as_u64() > Some(0)))
    }) {
        return Some("several choices: a Messages caller can ask for one alone");
    }
    None
}

fn events(body: &Bytes) -> Vec<(Option<String>, Vec<u8>)> {
    let mut framer = Framer::default();
    framer.feed(body.clone()).expect("no endless event");
    let mut frames: Vec<_> = std::iter::from_fn(|| framer.next_frame()).collect();
    frames.extend(framer.finish());
    frames.iter().filter_map(|frame| Some((frame.event().map(str::to_owned), frame.data()?.into_owned()))).collect()
}

fn said(operation: Operation, body: &Value) -> Said {
    let mut said = Said::default();
    if operation == Operation::Messages {
        for block in body["content"].as_array().into_iter().flatten() {
            match block["type"].as_str().unwrap_or_default() {
                "text" => said.text.push_str(block["text"].as_str().unwrap_or_default()),
                "thinking" => said.thoughts.push_str(block["thinking"].as_str().unwrap_or_default()),
                "tool_use" => said.calls.push((name(&block["name"]), block["input"].clone())),
                _ => {}
            }
        }
        said.stop = stop(&body["stop_reason"], &said);
        messages_usage(&body["usage"], &mut said);
    } else {
        let choice = &body["choices"][0];
        let message = &choice["message"];
        said.text = chat_text(&message["content"]) + message["refusal"].as_str().unwrap_or_default();
        said.thoughts = chat_thoughts(message);
        let calls = message["tool_calls"].as_array().into_iter().flatten().map(|call| &call["function"]);
        for function in calls.chain(Some(&message["function_call"]).filter(|call| call.is_object())) {
            said.calls.push((name(&function["name"]), input(&function["arguments"])));
        }
        said.stop = stop(&choice["finish_reason"], &said);
        if message["refusal"].is_string() && said.stop == "end" {
            said.stop = "refusal".to_owned();
        }
        chat_usage(&body["usage"], &mut said);
    }
    said
}

fn said_in_stream(operation: Operation, events: &[Value]) -> Said {
    let mut said = Said::default();
    let mut inputs: Vec<(String, String)> = Vec::new();
    let mut reason = Value::Null;
    if operation == Operation::Messages {
        let mut blocks: BTreeMap<u64, usize> = BTreeMap::new();
        for event in events {
            match event["type"].as_str().unwrap_or_default() {
                "message_start" => messages_usage(&event["message"]["usage"], &mut said),
                "content_block_start" if event["content_block"]["type"] == "tool_use" => {
                    blocks.insert(event["index"].as_u64().unwrap_or_default(), inputs.len());
                    inputs.push((name(&event["content_block"]["name"]), String::new()));
                }
                "content_block_delta" => {
                    let delta = &event["delta"];
                    said.text.push_str(delta["text"].as_str().unwrap_or_default());
                    said.thoughts.push_str(delta["thinking"].as_str().unwrap_or_default());
                    if let Some(at) = blocks.get(&event["index"].as_u64().unwrap_or_default()) {
                        inputs[*at].1.push_str(delta["partial_json"].as_str().unwrap_or_default());
                    }
                }
                "message_delta" => {
                    reason = event["delta"]["stop_reason"].clone();
                    messages_usage(&event["usage"], &mut said);
                }
                _ => {}
            }
        }
    } else {
        let mut ids: Vec<String> = Vec::new();
        for event in events {
            for choice in event["choices"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0)
            {
                let delta = &choice["delta"];
                said.text.push_str(&(chat_text(&delta["content"]) + delta["refusal"].as_str().unwrap_or_default()));
                said.thoughts.push_str(&chat_thoughts(delta));
                let legacy = json!([{"index": 0, "function": delta["function_call"]}]);
                let calls = if delta["function_call"].is_object() { &legacy } else { &delta["tool_calls"] };
                for call in calls.as_array().into_iter().flatten() {
                    let id = name(&call["id"]);
                    let function = &call["function"];
                    let new = (!id.is_empty() && !ids.contains(&id)) || inputs.is_empty();
                    if new {
                        ids.push(id);
                        inputs.push((String::new(), String::new()));
                    }
                    let at = match call["index"].as_u64() {
                        Some(index) if !new && (index as usize) < inputs.len() => index as usize,
                        _ => inputs.len() - 1,
                    };
                    inputs[at].0.push_str(function["name"].as_str().unwrap_or_default());
                    match &function["arguments"] {
                        Value::String(more) => inputs[at].1.push_str(more),
                        Value::Null => {}
                        other => inputs[at].1.push_str(&other.to_string()),
                    }
                }
                if choice["finish_reason"].is_string() {
                    reason = choice["finish_reason"].clone();
                }
            }
            for usage in [&event["usage"], &event["x_groq"]["usage"]] {
                chat_usage(usage, &mut said);
            }
        }
    }
    said.calls = inputs.into_iter().map(|(name, text)| (name, input(&Value::String(text)))).collect();
    said.stop = stop(&reason, &said);
    said
}

fn chat_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn chat_thoughts(message: &Value) -> String {
    let plain = message["reasoning_content"].as_str().or(message["reasoning"].as_str()).unwrap_or_default();
    if !plain.is_empty() {
        return plain.to_owned();
    }
    let details = message["reasoning_details"].as_array().into_iter().flatten();
    let detailed: String =
        details.filter_map(|detail| detail["text"].as_str().or(detail["summary"].as_str())).collect();
    let parts = message["content"].as_array().into_iter().flatten().filter(|part| part["type"] == "thinking");
    let mistral: String = parts.map(|part| chat_text(&part["thinking"])).collect();
    detailed + &mistral
}

/// One word for each reason, whatever the dialect.
fn stop(reason: &Value, said: &Said) -> String {
    match reason.as_str().unwrap_or_default() {
        "end_turn" | "stop" | "stop_sequence" | "eos" | "pause_turn" | "" if said.calls.is_empty() => "end",
        "tool_use" | "tool_calls" | "function_call" | "stop" | "" => "tools",
        "max_tokens" | "length" => "length",
        "refusal" | "content_filter" => "refusal",
        other => return other.to_owned(),
    }
    .to_owned()
}

fn messages_usage(usage: &Value, said: &mut Said) {
    // What is billed, and not the count of some of it (U8).
    if let Some(iterations) = usage["iterations"].as_array().filter(|all| !all.is_empty()) {
        (said.input, said.output, said.cached) = (0, 0, 0);
        for iteration in iterations {
            let mut one = Said::default();
            messages_usage(iteration, &mut one);
            said.input += one.input;
            said.output += one.output;
            said.cached += one.cached;
        }
        return;
    }
    let count = |key: &str| usage[key].as_u64();
    if let Some(input) = count("input_tokens") {
        let cached = count("cache_read_input_tokens").unwrap_or(0);
        said.input = input + cached + count("cache_creation_input_tokens").unwrap_or(0);
        said.cached = cached;
    }
    if let Some(output) = count("output_tokens") {
        said.output = output;
    }
}

fn chat_usage(usage: &Value, said: &mut Said) {
    if let Some(input) = usage["prompt_tokens"].as_u64() {
        said.input = input;
        // Thinking that the total alone knows is answer, too (U7).
        let output = usage["completion_tokens"].as_u64().unwrap_or(0);
        said.output = usage["total_tokens"].as_u64().map_or(output, |total| total.saturating_sub(input).max(output));
        said.cached = usage["prompt_tokens_details"]["cached_tokens"]
            .as_u64()
            .or(usage["prompt_cache_hit_tokens"].as_u64())
            .or(usage["cached_tokens"].as_u64())
            .unwrap_or(0);
    }
}
