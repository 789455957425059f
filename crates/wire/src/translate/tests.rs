//! Stories of translation, told in JSON: what goes in, what comes out.

mod answers;
mod requests;
mod streams;

use serde_json::Value;

use super::*;
use crate::{hub::Closing, sse::Framer};

const STAMP: Stamp<'static> = Stamp { created: 7, request_id: "gen-1-abc" };

/// A Claude at Anthropic.
fn claude() -> Profile<'static> {
    Profile {
        dialect: Dialect::Messages,
        vendor: "anthropic",
        upstream_name: "claude-sonnet-4-5",
        model: "anthropic/claude-sonnet-4.5",
        max_output: Some(64_000),
        room: None,
        sampling: true,
        reasoning: true,
        structured_outputs: true,
    }
}

/// A GPT at OpenAI.
fn gpt() -> Profile<'static> {
    Profile {
        dialect: Dialect::ChatCompletions,
        vendor: "openai",
        upstream_name: "gpt-5.1",
        model: "openai/gpt-5.1",
        max_output: Some(128_000),
        room: None,
        sampling: true,
        reasoning: true,
        structured_outputs: true,
    }
}

/// A model of another vendor of OpenAI's dialect.
fn at(vendor: &'static str) -> Profile<'static> {
    Profile { vendor, upstream_name: "up", model: "some/model", ..gpt() }
}

#[track_caller]
fn translated(operation: Operation, body: &str, to: &Profile<'_>) -> (Value, String, Echo) {
    let head = Head::read(body.as_bytes()).unwrap();
    let translated = request(operation, &head, to).unwrap();
    let json = serde_json::from_slice(&translated.body).unwrap();
    (json, translated.losses.to_string(), translated.echo)
}

/// A chat request as Claude gets it, and what was lost.
#[track_caller]
fn to_claude(body: &str) -> (Value, String) {
    let (json, losses, _) = translated(Operation::ChatCompletions, body, &claude());
    (json, losses)
}

/// A Messages request as a vendor of OpenAI's dialect gets it, and what was lost.
#[track_caller]
fn to_openai(body: &str, to: &Profile<'_>) -> (Value, String) {
    let (json, losses, _) = translated(Operation::Messages, body, to);
    (json, losses)
}

/// The echo of a plain request of `operation`.
fn echo(operation: Operation) -> Echo {
    let to = if operation == Operation::Messages { gpt() } else { claude() };
    let body = r#"{"model":"m","max_tokens":64,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"q"}]}"#;
    translated(operation, body, &to).2
}

/// The whole answer `body` as a caller of `operation` gets it.
#[track_caller]
fn answered(operation: Operation, body: &str) -> Value {
    serde_json::from_slice(&whole(body.as_bytes(), &echo(operation), &STAMP).unwrap().0).unwrap()
}

/// The caller's events for the upstream's `data` lines; each with its SSE `event:` field.
fn streamed_with(echo: &Echo, data: &[&str]) -> Vec<(Option<String>, Value)> {
    let mut stream = Stream::new(echo, &STAMP);
    let mut out = Vec::new();
    for data in data {
        let _ = stream.feed(None, data.as_bytes(), &mut out);
    }
    stream.finish(&Closing::default(), &mut out);
    let mut framer = Framer::default();
    framer.feed(Bytes::from(out)).unwrap();
    let frames = std::iter::from_fn(|| framer.next_frame());
    frames
        .map(|frame| {
            let data = frame.data().unwrap().into_owned();
            let value = serde_json::from_slice(&data).unwrap_or_else(|_| String::from_utf8(data).unwrap().into());
            (frame.event().map(str::to_owned), value)
        })
        .collect()
}

fn streamed(operation: Operation, data: &[&str]) -> Vec<Value> {
    streamed_with(&echo(operation), data).into_iter().map(|(_, value)| value).collect()
}
