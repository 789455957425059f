//! Replays recorded exchanges across dialects: what a caller of the other dialect gets must say what the recording says.
//!
//! The recorded request is translated into the other dialect, and what was answered is translated into the other
//! dialect too. Both are read here by plain JSON paths, not by the decoders under test. `OUTRIGGER_TRAFFIC` names the
//! folder of recordings; `OUTRIGGER_CROSSED_OUT`, if set, a folder to which every translated request and answer is
//! written as JSON lines, for the published schemas to be held against.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Write},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use outrigger_wire::{
    Dialect, Head, Operation, peek,
    profile::Profile,
    sse::Framer,
    translate::{self, Closing, Echo, Stamp},
};
use serde_json::{Value, json};

const STAMP: Stamp<'static> = Stamp { created: 1, request_id: "gen-1-test" };

/// What an answer says, whatever its dialect.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    thoughts: String,
    /// Name and input of each call; input as JSON where it is, else as text.
    calls: Vec<(String, Value)>,
    stop: String,
    input: u64,
    output: u64,
    cached: u64,
}

#[derive(Default)]
struct Tally {
    replayed: usize,
    equal: usize,
    reasons: BTreeMap<&'static str, usize>,
}

/// R1, R2, R6, R7, R8, R10, R12, U3: what was recorded says the same in the other dialect.
#[test]
#[allow(clippy::disallowed_methods, reason = "the folder of recordings is an input of this test alone")]
fn recorded_traffic_says_the_same_in_the_other_dialect() {
    let Ok(folder) = std::env::var("OUTRIGGER_TRAFFIC") else {
        println!("skipped: OUTRIGGER_TRAFFIC does not name a folder of recorded exchanges");
        return;
    };
    let mut out = std::env::var("OUTRIGGER_CROSSED_OUT").ok().map(|folder| {
        let open = |name: &str| File::create(Path::new(&folder).join(name)).expect("a file can be written");
        [open("requests.jsonl"), open("answers.jsonl")]
    });
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("OUTRIGGER_TRAFFIC is a folder")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .collect();
    files.sort();
    let (mut requests, mut answers): (BTreeMap<String, Tally>, BTreeMap<String, Tally>) = Default::default();
    let mut complaints = Vec::new();
    for file in &files {
        let provider = file.file_name().unwrap().to_string_lossy().trim_end_matches(".jsonl.gz").to_owned();
        for (at, line) in lines(file).lines().enumerate() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            let path = exchange["path"].as_str().unwrap_or_default();
            let operation = match path {
                _ if path.ends_with("/chat/completions") => Operation::ChatCompletions,
                _ if path.ends_with("/messages") && !path.contains("/threads/") => Operation::Messages,
                _ => continue,
            };
            let place = format!("{provider}:{}", at + 1);
            let Some(crossed) = request(operation, &exchange) else { continue };
            let tally = requests.entry(provider.clone()).or_default();
            tally.replayed += 1;
            match &crossed.verdict {
                Ok(()) => tally.equal += 1,
                Err(why) => match crossed.explained {
                    Some(reason) => *tally.reasons.entry(reason).or_default() += 1,
                    None => complaints.push(format!("{place} request: {why}")),
                },
            }
            if let Some([file, _]) = &mut out {
                let dialect = other(operation).dialect().as_str();
                let line =
                    json!({"place": place, "dialect": dialect, "body": crossed.body, "dropped": crossed.dropped});
                writeln!(file, "{line}").unwrap();
            }
            let Some((said, again, emitted, reason)) = answer(operation, &exchange) else { continue };
            let tally = answers.entry(provider.clone()).or_default();
            tally.replayed += 1;
            if said == again {
                tally.equal += 1;
            } else if let Some(reason) = reason {
                *tally.reasons.entry(reason).or_default() += 1;
            } else {
                complaints.push(format!("{place} answer:\n  recorded {said:?}\n  crossed  {again:?}"));
            }
            if let Some([_, file]) = &mut out {
                let dialect = other(operation).dialect().as_str();
                writeln!(file, "{}", json!({"place": place, "dialect": dialect, "events": emitted})).unwrap();
            }
        }
    }
    for (what, tallies) in [("requests", &requests), ("answers", &answers)] {
        println!("{what:14} {:>9} {:>7} {:>10}", "replayed", "equal", "different");
        for (provider, Tally { replayed, equal, reasons }) in tallies {
            println!("{provider:14} {replayed:>9} {equal:>7} {:>10}  {reasons:?}", replayed - equal);
        }
        let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
        let (replayed, equal) = (sum(|tally| tally.replayed), sum(|tally| tally.equal));
        println!("all            {replayed:>9} {equal:>7} {:>10}\n", replayed - equal);
    }
    for complaint in complaints.iter().take(30) {
        println!("{}", complaint.chars().take(1500).collect::<String>());
    }
    assert!(complaints.is_empty(), "{} exchanges differ without an explanation", complaints.len());
}

fn other(operation: Operation) -> Operation {
    if operation == Operation::Messages { Operation::ChatCompletions } else { Operation::Messages }
}

/// A target of the other dialect that can do everything, so that nothing is left out for its sake.
fn target(operation: Operation) -> Profile<'static> {
    match operation.dialect() {
        Dialect::OpenAi => Profile {
            dialect: Dialect::Anthropic,
            vendor: "anthropic",
            upstream_name: "claude-sonnet-4-5",
            model: "anthropic/claude-sonnet-4.5",
            max_output: Some(64_000),
            room: None,
            sampling: true,
            reasoning: true,
            structured_outputs: true,
        },
        Dialect::Anthropic => Profile {
            dialect: Dialect::OpenAi,
            vendor: "openai",
            upstream_name: "gpt-5.1",
            model: "openai/gpt-5.1",
            max_output: Some(128_000),
            room: None,
            sampling: true,
            reasoning: true,
            structured_outputs: true,
        },
    }
}

// --- requests ---

struct Crossed {
    body: Value,
    dropped: String,
    verdict: Result<(), String>,
    explained: Option<&'static str>,
}

fn request(operation: Operation, exchange: &Value) -> Option<Crossed> {
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

fn name(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn input(arguments: &Value) -> Value {
    match arguments {
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| json!({"invalid_json": text})),
        Value::Null => json!({}),
        other => other.clone(),
    }
}

// --- answers ---

type Crossing = (Said, Said, Vec<String>, Option<&'static str>);

fn answer(operation: Operation, exchange: &Value) -> Option<Crossing> {
    let status = exchange["status"].as_u64().unwrap_or(200);
    let body = Bytes::from(BASE64_STANDARD.decode(exchange["response_b64"].as_str()?).ok()?);
    let text = body.trim_ascii_start();
    let streamed = [&b"data:"[..], b"event:", b":"].iter().any(|start| text.starts_with(start));
    if !(200..300).contains(&status) || body.is_empty() {
        return None;
    }
    let echo = echo(other(operation), exchange)?;
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
        if peek::answer(operation, &body).is_err() {
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
fn echo(operation: Operation, _exchange: &Value) -> Option<Echo> {
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
        said.output = usage["completion_tokens"].as_u64().unwrap_or(0);
        said.cached = usage["prompt_tokens_details"]["cached_tokens"]
            .as_u64()
            .or(usage["prompt_cache_hit_tokens"].as_u64())
            .unwrap_or(0);
    }
}

fn lines(file: &Path) -> String {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(File::open(file).expect("it opens")).read_to_string(&mut text).expect("gzipped");
    text
}
