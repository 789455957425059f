//! What a request says, before and behind its translation.

use outrigger_wire::{Head, Operation, translate};
use serde_json::{Value, json};

use crate::{input, name, other, target};

pub(crate) struct Crossed {
    pub(crate) body: Value,
    pub(crate) dropped: String,
    pub(crate) verdict: Result<(), String>,
    pub(crate) explained: Option<&'static str>,
}

pub(crate) fn cross(operation: Operation, exchange: &Value) -> Option<Crossed> {
    let text = exchange["request"].as_str()?;
    let head = Head::read(text.as_bytes()).ok()?;
    let recorded: Value = serde_json::from_str(text).ok()?;
    let explained = odd_request(&recorded);
    let translated = match translate::request(operation, &head, &target(operation)) {
        Ok(translated) => translated,
        Err(bad) => {
            let verdict = Err(format!("is refused: {bad}"));
            return Some(Crossed { body: Value::Null, dropped: String::new(), verdict, explained });
        }
    };
    let body: Value = serde_json::from_slice(&translated.body).expect("we write JSON");
    let dropped = translated.losses.to_string();
    let (want, have) = (told(operation, &recorded), told(other(operation), &body));
    let unspeakable = translated.losses.forbidding(false).next().is_some();
    let verdict = if want == have {
        Ok(())
    } else {
        Err(format!("\n  recorded {want:?}\n  crossed  {have:?}\n  dropped {dropped}"))
    };
    let explained = explained
        .or(unspeakable.then_some("content that the other dialect has no words for: such a target is never asked"));
    Some(Crossed { body, dropped, verdict, explained })
}

fn odd_request(recorded: &Value) -> Option<&'static str> {
    let messages = recorded["messages"].as_array();
    let Some(messages) = messages.filter(|messages| messages.iter().all(Value::is_object)) else {
        return Some("no conversation");
    };
    if messages.iter().all(|message| message["role"] == "system") {
        return Some("instructions alone: they become the question");
    }
    None
}

/// What the model is told: texts, calls, results, names of tools, in order.
#[derive(Debug, Default, PartialEq)]
struct Told {
    system: String,
    turns: String,
    calls: Vec<(String, Value)>,
    results: usize,
    images: usize,
    tools: Vec<(String, Value)>,
}

fn told(operation: Operation, body: &Value) -> Told {
    let mut told = Told::default();
    match operation {
        Operation::Messages => told_messages(body, &mut told),
        _ => told_chat(body, &mut told),
    }
    // What a tool returned beside text follows its message, and says whose it is.
    let mut turns = told.turns.split("Returned by tool call ");
    let first = turns.next().unwrap_or_default().to_owned();
    told.turns = turns.fold(first, |all, part| all + part.split_once(':').map_or(part, |(_, rest)| rest));
    told.turns.retain(|c| !c.is_whitespace());
    told.system.retain(|c| !c.is_whitespace());
    told
}

fn told_messages(body: &Value, told: &mut Told) {
    for block in blocks(&body["system"]) {
        told.system.push_str(block["text"].as_str().unwrap_or_default());
    }
    for message in body["messages"].as_array().into_iter().flatten() {
        let system = message["role"] == "system";
        // Ours: Anthropic wants the user to begin, and its newer models to end.
        if message["content"] == "(begin)" || message["content"] == "(continue)" {
            continue;
        }
        for block in blocks(&message["content"]) {
            match block["type"].as_str().unwrap_or_default() {
                "text" if system => told.system.push_str(block["text"].as_str().unwrap_or_default()),
                "text" => told.turns.push_str(block["text"].as_str().unwrap_or_default()),
                "image" => told.images += 1,
                "document" => told.turns.push_str(&document(&block)),
                "tool_use" => told.calls.push((name(&block["name"]), block["input"].clone())),
                "tool_result" => {
                    told.results += 1;
                    for inner in blocks(&block["content"]) {
                        match inner["type"].as_str() {
                            Some("image") => told.images += 1,
                            Some("document") => told.turns.push_str(&document(&inner)),
                            _ => told.turns.push_str(inner["text"].as_str().unwrap_or_default()),
                        }
                    }
                }
                _ => {}
            }
        }
    }
    for tool in body["tools"].as_array().into_iter().flatten() {
        if tool["type"].is_null() || tool["type"] == "custom" {
            told.tools.push((name(&tool["name"]), open(&tool["input_schema"]["properties"])));
        }
    }
}

/// A document of plain text is its text; others are compared by their presence alone.
fn document(block: &Value) -> String {
    let title = block["title"].as_str().map(|title| format!("{title}:")).unwrap_or_default();
    let source = &block["source"];
    if source["type"] == "text" { title + source["data"].as_str().unwrap_or_default() } else { String::new() }
}

fn told_chat(body: &Value, told: &mut Told) {
    for message in body["messages"].as_array().into_iter().flatten() {
        let system = message["role"] == "system" || message["role"] == "developer";
        if let (Some(speaker), "user") = (message["name"].as_str(), message["role"].as_str().unwrap_or_default()) {
            told.turns.push_str(speaker);
            told.turns.push(':');
        }
        told.results += usize::from(message["role"] == "tool" || message["role"] == "function");
        for block in blocks(&message["content"]) {
            match block["type"].as_str().unwrap_or_default() {
                "text" if system => told.system.push_str(block["text"].as_str().unwrap_or_default()),
                "text" => told.turns.push_str(block["text"].as_str().unwrap_or_default()),
                "image_url" => told.images += 1,
                _ => {}
            }
        }
        told.turns.push_str(message["refusal"].as_str().unwrap_or_default());
        let calls = message["tool_calls"].as_array().into_iter().flatten().map(|call| &call["function"]);
        for function in calls.chain(Some(&message["function_call"]).filter(|call| call.is_object())) {
            told.calls.push((name(&function["name"]), input(&function["arguments"])));
        }
    }
    for tool in body["tools"].as_array().into_iter().flatten().filter(|tool| tool["function"].is_object()) {
        let function = &tool["function"];
        told.tools.push((name(&function["name"]), open(&function["parameters"]["properties"])));
    }
    for function in body["functions"].as_array().into_iter().flatten() {
        told.tools.push((name(&function["name"]), open(&function["parameters"]["properties"])));
    }
}

/// A schema without `additionalProperties: false`, which Anthropic's strict tools want on every object.
fn open(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, value)| *key != "additionalProperties" || **value != false);
            kept.map(|(key, value)| (key.clone(), open(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(elements) => elements.iter().map(open).collect(),
        other => other.clone(),
    }
}

fn blocks(content: &Value) -> Vec<Value> {
    match content {
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(blocks) => blocks.clone(),
        _ => Vec::new(),
    }
}
