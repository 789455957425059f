//! Events of a chat or text completion stream.

mod decode;
mod encode;

pub use decode::Decoder;
pub(in crate::openai) use decode::{CallIn, Content, Delta, text_or_json};
pub use encode::Encoder;

use super::{error, stop, usage};
use crate::{
    failure::{Failure, Kind},
    peek::{Meaning, Peek, place},
    request::{elements, member_of, string},
    scan::{self, Fault},
};

/// Reads one `data:` payload.
pub fn peek(data: &[u8]) -> Peek {
    let trimmed = data.trim_ascii();
    if trimmed == b"[DONE]" {
        return Peek::of(Meaning::End);
    }
    let Some(chunk) = Chunk::read(data) else { return Peek::of(Meaning::Malformed) };
    if let Some(raw) = chunk.error {
        return Peek::of(Meaning::Error(error::in_band(raw)));
    }
    let mut peek = Peek::of(Meaning::Prelude);
    let groqs = chunk.x_groq.and_then(|groq| member_of(groq, "usage"));
    if let Some(raw) = chunk.usage.or(groqs).filter(|raw| *raw != "null") {
        peek.usage = usage::read(raw);
        peek.usage_at = peek.usage.is_some().then(|| place(data, raw));
        peek.usage_only = elements(chunk.choices).next().is_none();
        // Some vendors repeat a running count on every chunk, the role-only one too: that finishes nothing.
        if peek.usage_only {
            peek.meaning = Meaning::Finish;
        }
    }
    for choice in elements(chunk.choices) {
        let Ok(choice) = Choice::read(choice) else { return Peek::of(Meaning::Malformed) };
        // Some vendors say `""` on every chunk but the last.
        if let Some(reason) = choice.finish_reason.and_then(string).filter(|reason| !reason.is_empty()) {
            if stop::is_failure(&reason) {
                let failure = choice.error.map(error::in_band).unwrap_or_else(|| {
                    Failure::local(Kind::ServerError, format!("the stream ended with finish_reason \"{reason}\""))
                });
                return Peek::of(Meaning::Error(failure));
            }
            peek.finish = Some(reason.into());
            if peek.meaning == Meaning::Prelude {
                peek.meaning = Meaning::Finish;
            }
        }
        let Ok(delta) = choice.delta.or(choice.message).map_or(Ok(Seen::default()), Seen::read) else {
            return Peek::of(Meaning::Malformed);
        };
        let text = choice.text.map_or(0, |text| text.len().saturating_sub(2));
        if delta.content || text > 0 {
            peek.meaning = Meaning::Content;
            peek.text += delta.text + text;
            peek.tool_call |= delta.tool_call;
        }
    }
    peek
}

/// The members that are looked at; `null` is none.
#[derive(Default)]
struct Chunk<'a> {
    error: Option<&'a str>,
    /// A list, or nothing.
    choices: &'a str,
    usage: Option<&'a str>,
    /// Groq puts the usage of a stream here.
    x_groq: Option<&'a str>,
}

impl<'a> Chunk<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let mut chunk = Self::default();
        scan::object(std::str::from_utf8(data).ok()?, |key, raw| {
            let value = Some(raw).filter(|raw| *raw != "null");
            match key {
                "error" => chunk.error = value,
                "choices" => chunk.choices = value.unwrap_or_default(),
                "usage" => chunk.usage = value,
                "x_groq" => chunk.x_groq = value,
                _ => {}
            }
        })
        .ok()?;
        (chunk.choices.is_empty() || chunk.choices.starts_with('[')).then_some(chunk)
    }
}

#[derive(Default)]
struct Choice<'a> {
    delta: Option<&'a str>,
    message: Option<&'a str>,
    text: Option<&'a str>,
    finish_reason: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> Choice<'a> {
    fn read(raw: &'a str) -> Result<Self, Fault> {
        let mut choice = Self::default();
        scan::object(raw, |key, raw| {
            let value = Some(raw).filter(|raw| *raw != "null");
            match key {
                "delta" => choice.delta = value,
                "message" => choice.message = value,
                "text" => choice.text = value.filter(|raw| raw.starts_with('"')),
                "finish_reason" => choice.finish_reason = value,
                "error" => choice.error = value,
                _ => {}
            }
        })?;
        Ok(choice)
    }
}

/// A delta, reduced to whether it holds content. Any text, list or object that is not empty counts, but for the few
/// members that describe the message, so that a vendor's new kind of content (reasoning, audio, images ...) is never
/// taken for silence. A bare number or truth value (Together's `token_id`) is none.
#[derive(Default)]
struct Seen {
    content: bool,
    text: usize,
    tool_call: bool,
}

impl Seen {
    fn read(delta: &str) -> Result<Self, Fault> {
        let mut seen = Self::default();
        scan::object(delta, |key, raw| {
            let describes = matches!(key, "role" | "name" | "channel");
            if describes || !raw.starts_with(['"', '[', '{']) || matches!(raw, "\"\"" | "[]" | "{}") {
                return;
            }
            seen.content = true;
            seen.text += raw.len().saturating_sub(2);
            seen.tool_call |= key == "tool_calls" || key == "function_call";
        })?;
        Ok(seen)
    }
}

#[cfg(test)]
mod tests;
