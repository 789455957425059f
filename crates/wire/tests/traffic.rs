//! Replays recorded exchanges between real SDKs and real providers against the decoders.
//!
//! A sample is in the repository; `OUTRIGGER_TRAFFIC` names a folder of more, for the test that is ignored without
//! (`cargo xtask traffic`).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "nothing but tests, and what they share")]

mod recorded;

use std::{collections::BTreeMap, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use outrigger_wire::{
    Head, Meaning, Operation, Peek, Usage,
    edit::Edits,
    failure::said,
    spoken,
    sse::{Frame, Framer},
    usage::Service,
};
use serde_json::{Value, value::RawValue};

/// What came of one provider's exchanges.
#[derive(Default)]
struct Tally {
    replayed: usize,
    equal: usize,
    different: usize,
    other_dialect: usize,
}

/// S10, S15, R2, U2: every exchange of the sample is understood, and comes out byte for byte.
#[test]
fn sampled_traffic_is_understood_and_passes_unchanged() {
    passes(&recorded::sample());
}

/// S10, S15, R2, U2: so is every recorded one of a dialect that we speak.
#[test]
#[ignore = "wants recordings: `cargo xtask traffic --traffic FOLDER`"]
fn recorded_traffic_is_understood_and_passes_unchanged() {
    passes(&recorded::folder());
}

fn passes(folder: &Path) {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut complaints = Vec::new();
    for (provider, exchanges) in recorded::read(folder) {
        let tally = tallies.entry(provider.clone()).or_default();
        for (at, exchange) in exchanges.iter().enumerate() {
            let Some(operation) = operation(exchange["path"].as_str().unwrap_or_default()) else {
                tally.other_dialect += 1;
                continue;
            };
            tally.replayed += 1;
            match replay(operation, exchange) {
                Ok(()) => tally.equal += 1,
                Err(what) => {
                    tally.different += 1;
                    complaints.push(format!("{provider}:{}: {} {what}", at + 1, exchange["path"]));
                }
            }
        }
    }
    println!("{:14} {:>9} {:>7} {:>10} {:>14}", "provider", "replayed", "equal", "different", "other dialect");
    for (provider, tally) in &tallies {
        println!(
            "{provider:14} {:>9} {:>7} {:>10} {:>14}",
            tally.replayed, tally.equal, tally.different, tally.other_dialect
        );
    }
    assert!(tallies.values().any(|tally| tally.replayed > 0), "nothing was replayed");
    assert!(complaints.is_empty(), "{} exchanges differ:\n{}", complaints.len(), complaints.join("\n"));
}

/// The operation that a vendor's path stands for; vendors put their own prefix before it.
fn operation(path: &str) -> Option<Operation> {
    // Cohere's own chat ends in `/chat`; Ollama's in `/api/chat`. Neither is ours.
    [
        Operation::CountTokens,
        Operation::ChatCompletions,
        Operation::Completions,
        Operation::Embeddings,
        Operation::Responses,
        Operation::Messages,
        Operation::Rerank,
        Operation::Moderations,
        Operation::ImageGenerations,
    ]
    .into_iter()
    .find(|operation| path.ends_with(operation.path()))
}

fn replay(operation: Operation, exchange: &Value) -> Result<(), String> {
    let asked = request(exchange["request"].as_str().unwrap_or_default())?;
    let body =
        Bytes::from(BASE64_STANDARD.decode(exchange["response_b64"].as_str().unwrap_or_default()).expect("base64"));
    let status = u16::try_from(exchange["status"].as_u64().unwrap_or(200)).expect("a status");
    if body.is_empty() {
        return Ok(());
    }
    if !(200..300).contains(&status) {
        let failure = said::decode(status, &body);
        return match (failure.status, failure.message.is_empty()) {
            (Some(same), false) if same == status => Ok(()),
            _ => Err(format!("the error answer is read as {failure:?}")),
        };
    }
    let content_type = exchange["content_type"].as_str().unwrap_or_default();
    let text = body.trim_ascii_start();
    if operation == Operation::Completions && text.starts_with(b"data: {\"value\"") {
        // One vendor streams a shape of its own on this path.
        return Ok(());
    }
    let streamed = content_type.starts_with("text/event-stream")
        || (content_type.is_empty()
            && (text.starts_with(b"data:") || text.starts_with(b"event:") || text.starts_with(b":")));
    if streamed { stream(operation, &body, asked) } else { whole(operation, &body) }
}

/// Parses the request and splices nothing into it; returns whether the caller asked for a stream.
fn request(text: &str) -> Result<bool, String> {
    if !text.trim_start().starts_with('{') {
        return Ok(false);
    }
    let body = Bytes::copy_from_slice(text.as_bytes());
    let head = Head::read(&body).map_err(|error| format!("the request is refused: {error}"))?;
    let tree: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let same = |key: &str, have: Option<&str>| tree[key].as_str() == have;
    if !same("model", head.model.as_deref()) || tree["stream"].as_bool().unwrap_or(false) != head.stream {
        return Err("the head reads another model or stream".into());
    }
    for member in &head.members {
        if &text[member.value.clone()] != member.raw
            || serde_json::from_str::<Value>(member.raw).ok().as_ref() != tree.get(&*member.key)
        {
            return Err(format!("member {} is not where the head says", member.key));
        }
    }
    let mut edits = Edits::default();
    if Edits::default().apply(&body, &head) != body {
        return Err("no edit changes the request".into());
    }
    // The same values again are no change either; a new model changes its own bytes alone.
    for member in &head.members {
        edits.set(&member.key, member.raw);
    }
    if edits.remove("no such member").apply(&body, &head) != body {
        return Err("setting what is there changes the request".into());
    }
    if let Some(at) = head.members.iter().find(|member| member.key == "model").map(|member| member.value.clone()) {
        let changed = Edits::default().set("model", "\"other\"").apply(&body, &head);
        if changed != format!("{}\"other\"{}", &text[..at.start], &text[at.end..]).as_bytes() {
            return Err("a new model changes more than its own bytes".into());
        }
    }
    Ok(head.stream)
}

fn whole(operation: Operation, body: &[u8]) -> Result<(), String> {
    let tree: Value = serde_json::from_slice(body).unwrap_or_default();
    // A few recordings are of test servers that answer something else, or of an error in a 200.
    let no_answer = !tree.is_object()
        || !tree["error"].is_null()
        || (operation == Operation::ChatCompletions && !tree["choices"][0].is_object());
    let answer = match spoken::answer(operation, body) {
        Ok(answer) if !no_answer => answer,
        Err(_) if no_answer => return Ok(()),
        other => return Err(format!("the answer is read as {other:?}")),
    };
    usage_is_found(&tree["usage"], answer.usage)?;
    if let Some(at) = answer.usage_at {
        let there: Value =
            serde_json::from_slice(&body[at]).map_err(|error| format!("no usage at its place: {error}"))?;
        if there != tree["usage"] {
            return Err("the place of the usage is wrong".into());
        }
    }
    let finished = match operation {
        Operation::ChatCompletions | Operation::Completions => tree["choices"][0]["finish_reason"].as_str(),
        Operation::Messages => tree["stop_reason"].as_str(),
        _ => return Ok(()),
    };
    if finished == answer.finish.as_deref() {
        Ok(())
    } else {
        Err(format!("finish is {:?}, not {finished:?}", answer.finish))
    }
}

fn stream(operation: Operation, body: &Bytes, asked: bool) -> Result<(), String> {
    let frames = frames(body, body.len());
    // However the network cuts it, the events and the bytes are the same. A line feed that is cut from its carriage return
    // comes with the next event.
    let said = |frames: &[Frame]| {
        let mut all: Vec<(Option<String>, Vec<u8>)> = Vec::new();
        for frame in frames {
            let Some(data) = frame.data() else { continue };
            all.push((frame.event().map(str::to_owned), data.to_vec()));
        }
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.raw.iter().copied()).collect();
        (all, bytes)
    };
    let whole = said(&frames);
    for size in [1, 7, 1400] {
        if said(&self::frames(body, size)) != whole {
            return Err(format!("cut into pieces of {size} bytes the events differ"));
        }
    }
    if whole.1 != **body {
        return Err("framing loses bytes".into());
    }
    let (mut ended, mut content, mut finished) = (false, false, false);
    let mut usage = Usage::default();
    let mut said = Value::Null;
    for frame in &frames {
        let Some(data) = frame.data() else { continue };
        let peek = Peek::event(operation, frame.event(), &data);
        let tree: Value = serde_json::from_slice(&data).unwrap_or_default();
        match &peek.meaning {
            Meaning::Malformed => return Err(format!("malformed: {}", String::from_utf8_lossy(&data))),
            Meaning::Error(_) if !tree["error"].is_null() => return Ok(()),
            Meaning::Error(failure) => return Err(format!("an error is seen: {failure:?}")),
            Meaning::Content => content = true,
            Meaning::End => ended = true,
            Meaning::Prelude => {
                if shown(operation, &tree) {
                    return Err(format!("content is taken for prelude: {tree}"));
                }
            }
            Meaning::Finish => {}
        }
        finished |= peek.finish.is_some();
        for place in ["usage", "x_groq", "message", "response"] {
            let there = if place == "usage" { &tree["usage"] } else { &tree[place]["usage"] };
            if there.is_object() {
                said = there.clone();
            }
        }
        if let Some(at) = peek.usage_at.clone() {
            serde_json::from_slice::<&RawValue>(&data[at])
                .map_err(|error| format!("no usage at its place: {error}"))?;
        }
        usage.merge(peek.usage.unwrap_or_default());
    }
    usage_is_found(&said, usage.is_known().then_some(usage.clone()))?;
    match (operation, asked) {
        (Operation::Messages, _) if !finished => Err("no stop reason is found".into()),
        _ if !ended => Err("no terminal event is found".into()),
        (_, true) if !content && usage.output.is_none_or(|tokens| tokens > 0) => Err("no content is found".into()),
        _ => Ok(()),
    }
}

/// Whether an event plainly shows generated text, by the published shape of the dialect.
fn shown(operation: Operation, event: &Value) -> bool {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    match operation {
        Operation::Messages => event["delta"]["text"].is_string(),
        Operation::Responses => event["delta"].is_string(),
        _ => event["choices"].as_array().into_iter().flatten().any(|choice| {
            text(&choice["text"]) || text(&choice["delta"]["content"]) || choice["delta"]["tool_calls"][0].is_object()
        }),
    }
}

fn usage_is_found(said: &Value, usage: Option<Usage>) -> Result<(), String> {
    let counts = ["prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens"];
    let wanted =
        said.as_object().is_some_and(|said| counts.iter().any(|count| said.get(*count).is_some_and(Value::is_u64)));
    match usage {
        None if wanted => Err(format!("usage is not found: {said}")),
        Some(usage) => {
            let output = said["completion_tokens"].as_u64().or(said["output_tokens"].as_u64());
            let input = said["prompt_tokens"].as_u64().or(said["input_tokens"].as_u64());
            let of = |count: Option<u64>| count.unwrap_or(0);
            let total = said["total_tokens"].as_u64().filter(|_| input.is_some() && output.is_some());
            match total {
                // U7: what is booked adds up to what is told.
                Some(total) if of(usage.input) + of(usage.output) != total => {
                    return Err(format!("{usage:?} does not add up to {said}"));
                }
                // U8: iterations are billed, and not the count beside them.
                None if said["iterations"].is_null() && output.is_some() && usage.output != output => {
                    return Err(format!("{:?} answer tokens instead of {output:?}", usage.output));
                }
                _ => {}
            }
            if usage.impossible || usage.bill.as_ref().is_some_and(|bill| bill.service == Service::Other) {
                return Err(format!("something of it is not understood: {said}"));
            }
            let cached = of(usage.cache_read) + of(usage.cache_write_5m) + of(usage.cache_write_1h);
            // Gemini behind OpenRouter counts the tokens it stored as read too.
            if usage.input.is_some_and(|input| input < cached && usage.cache_read != usage.cache_write_5m) {
                return Err(format!("more cached tokens than prompt tokens: {usage:?} from {said}"));
            }
            Ok(())
        }
        None => Ok(()),
    }
}

fn frames(body: &Bytes, size: usize) -> Vec<Frame> {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for chunk in body.chunks(size.max(1)) {
        framer.feed(Bytes::copy_from_slice(chunk)).expect("no endless event");
        frames.extend(std::iter::from_fn(|| framer.next_frame()));
    }
    frames.extend(framer.finish());
    frames
}
