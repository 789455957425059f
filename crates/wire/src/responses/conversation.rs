//! What a request or an answer says, in the hub's words: for whoever records it. Tolerant, and without a word of what the hub
//! does not have.

use serde_json::Value;

use crate::{
    Head,
    hub::{Answer, Call, File, Image, Part, Piece, Request, Role, Source, Stop, Text, Thought, ToolResult, Turn},
};

/// Reads a request.
pub(super) fn request(head: &Head<'_>) -> Option<Request<'static>> {
    let member = |name| head.present(name).and_then(|raw| serde_json::from_str::<Value>(raw).ok());
    let system = match member("instructions") {
        Some(Value::String(text)) => vec![said(text)],
        _ => Vec::new(),
    };
    let turns = match member("input")? {
        Value::String(text) => vec![Turn { role: Role::User, parts: vec![said(text)] }],
        Value::Array(items) => items.iter().map(turn).collect(),
        _ => return None,
    };
    Some(Request { system, turns, ..Request::default() })
}

/// Reads a response.
pub(super) fn answer(body: &[u8]) -> Option<Answer<'static>> {
    let response: Value = serde_json::from_slice(body).ok()?;
    let mut pieces = Vec::new();
    for item in at(&response, "output").as_array()? {
        for part in turn(item).parts {
            pieces.extend(match part {
                Part::Text { text, .. } => Some(Piece::Text(text)),
                Part::Refusal(text) => Some(Piece::Refusal(text)),
                Part::Thought(thought) => Some(Piece::Thought(thought)),
                Part::Call(call) => Some(Piece::Call(call)),
                _ => None,
            });
        }
    }
    let calls = matches!(pieces.last(), Some(Piece::Call(_)));
    Some(Answer { pieces, stop: stop(&response, calls), ..Answer::default() })
}

/// Why a response ended. `calls`: its last item is a call that somebody else has to answer.
pub(super) fn stop(response: &Value, calls: bool) -> Option<(Stop, Text<'static>)> {
    let status = at(response, "status").as_str()?;
    let why = at(at(response, "incomplete_details"), "reason").as_str();
    let stop = match (status, why) {
        ("completed", _) if calls => Stop::ToolUse,
        ("completed", _) => Stop::EndTurn,
        ("incomplete", Some("content_filter")) => Stop::Refusal,
        ("incomplete", _) => Stop::MaxTokens,
        _ => return None,
    };
    Some((stop, why.unwrap_or(status).to_owned().into()))
}

/// A call, as an item of it begins or is listed.
pub(super) fn call(item: &Value) -> Option<Call<'static>> {
    matches!(at(item, "type").as_str(), Some("function_call" | "custom_tool_call")).then(|| Call {
        id: text(at(item, "call_id")),
        name: text(at(item, "name")),
        input: text(if at(item, "arguments").is_string() { at(item, "arguments") } else { at(item, "input") }),
        cache: None,
        extra: None,
    })
}

fn turn(item: &Value) -> Turn<'static> {
    let kind = at(item, "type").as_str().unwrap_or("message");
    let (role, parts) = match kind {
        "message" => {
            let role = match at(item, "role").as_str() {
                Some("assistant") => Role::Assistant,
                Some("system" | "developer") => Role::System,
                _ => Role::User,
            };
            (role, parts(at(item, "content")))
        }
        "function_call_output" | "custom_tool_call_output" => {
            let parts = parts(at(item, "output"));
            let result = ToolResult { id: text(at(item, "call_id")), parts, is_error: false, cache: None };
            (Role::User, vec![Part::Result(result)])
        }
        "reasoning" => {
            let texts = ["summary", "content"].iter().filter_map(|name| at(item, name).as_array()).flatten();
            let thought = texts.filter_map(|part| at(part, "text").as_str()).collect::<Vec<_>>().join("\n");
            (Role::Assistant, vec![Part::Thought(Thought { text: thought.into(), ..Thought::default() })])
        }
        _ => match call(item) {
            Some(call) => (Role::Assistant, vec![Part::Call(call)]),
            None => (Role::Assistant, vec![Part::Other(kind.to_owned().into())]),
        },
    };
    Turn { role, parts }
}

/// A string, or a list of parts.
fn parts(content: &Value) -> Vec<Part<'static>> {
    match content {
        Value::String(text) => vec![said(text.clone())],
        Value::Array(parts) => parts.iter().map(part).collect(),
        _ => Vec::new(),
    }
}

fn part(part: &Value) -> Part<'static> {
    let kind = at(part, "type").as_str().unwrap_or_default();
    match kind {
        "input_text" | "output_text" | "text" => Part::Text { text: text(at(part, "text")), cache: None },
        "refusal" => Part::Refusal(text(at(part, "refusal"))),
        "input_image" => {
            let source = source(at(part, "image_url"), at(part, "file_id"));
            Part::Image(Image { source, detail: None, cache: None })
        }
        "input_file" => {
            let given = if at(part, "file_data").is_string() { at(part, "file_data") } else { at(part, "file_url") };
            Part::File(File { source: source(given, at(part, "file_id")), name: None, cache: None })
        }
        _ => Part::Other(kind.to_owned().into()),
    }
}

/// Where bytes are: in an address of their own, at the vendor, or elsewhere.
fn source(given: &Value, uploaded: &Value) -> Source<'static> {
    match given.as_str() {
        None => Source::Uploaded(text(uploaded)),
        Some(given) => {
            match given.strip_prefix("data:").map(|data| data.split([';', ',']).next().unwrap_or_default()) {
                Some(media_type) => Source::Base64 { media_type: media_type.to_owned().into(), data: Text::default() },
                None => Source::Url(given.to_owned().into()),
            }
        }
    }
}

fn said(text: String) -> Part<'static> {
    Part::Text { text: text.into(), cache: None }
}

fn text(value: &Value) -> Text<'static> {
    value.as_str().unwrap_or_default().to_owned().into()
}

/// A member; what is not there is null.
pub(super) fn at<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}
