//! Events of a chat or text completion stream.

mod choices;
mod decode;
mod encode;

use choices::Choices;

pub use decode::Decoder;
pub(in crate::openai) use decode::{CallIn, Content, Delta, text_or_json};
pub use encode::Encoder;

use super::{stop, usage};
use crate::{
    failure::{Failure, Kind, said},
    members::place,
    members::{elements, member_of},
    peek::{Meaning, Peek},
    scan,
};

/// Reads one `data:` payload.
pub fn peek(data: &[u8]) -> Peek {
    let trimmed = data.trim_ascii();
    if trimmed == b"[DONE]" {
        return Peek::of(Meaning::End);
    }
    let Some((chunk, choices)) = Chunk::read(data) else { return Peek::of(Meaning::Malformed) };
    let failure = match (chunk.error, choices.finish.as_deref().filter(|reason| stop::is_failure(reason))) {
        (Some(raw), _) => Some(said::in_band(raw)),
        (None, Some(reason)) => Some(failed(chunk.choices, reason)),
        (None, None) => None,
    };
    let groqs = chunk.x_groq.and_then(|groq| member_of(groq, "usage"));
    let told = chunk.usage.or(groqs).filter(|raw| *raw != "null");
    if let Some(failure) = failure {
        // What it used all the same stands in the same event, or behind it (U12).
        return Peek { usage: told.and_then(usage::read), ..Peek::of(Meaning::Error(failure)) };
    }
    let mut peek = Peek::of(if choices.finish.is_some() { Meaning::Finish } else { Meaning::Prelude });
    if let Some(raw) = told {
        peek.usage = usage::read(raw);
        if let (Some(usage), Some(tier)) = (&mut peek.usage, chunk.service_tier) {
            usage.set_service(usage::service(tier));
        }
        peek.usage_at = peek.usage.is_some().then(|| place(data, raw));
        peek.usage_only = choices.count == 0;
        // Some vendors repeat a running count on every chunk, the role-only one too: that finishes nothing.
        if peek.usage_only {
            peek.meaning = Meaning::Finish;
        }
    }
    if choices.content {
        peek.meaning = Meaning::Content;
        (peek.text, peek.tool_call) = (choices.text, choices.tool_call);
    }
    peek.finish = choices.finish.map(Into::into);
    peek
}

/// A choice that ended with a failure, and says more of it if it can.
fn failed(choices: &str, reason: &str) -> Failure {
    let told = elements(choices).find_map(|choice| member_of(choice, "error").filter(|raw| *raw != "null"));
    told.map(said::in_band).unwrap_or_else(|| {
        Failure::local(Kind::ServerError, format!("the stream ended with finish_reason \"{reason}\""))
    })
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
    service_tier: Option<&'a str>,
    /// It is no chunk but an error.
    is_error: bool,
}

impl<'a> Chunk<'a> {
    fn read(data: &'a [u8]) -> Option<(Self, Choices<'a>)> {
        let text = scan::text(data).ok()?;
        let (mut chunk, mut choices) = (Self::default(), Choices::of(text));
        scan::object_watched(text, &mut choices, |key, raw| {
            let value = Some(raw).filter(|raw| *raw != "null");
            match key {
                "error" => chunk.error = value,
                "choices" => chunk.choices = value.unwrap_or_default(),
                "usage" => chunk.usage = value,
                "x_groq" => chunk.x_groq = value,
                "service_tier" => chunk.service_tier = value,
                "object" => chunk.is_error = raw == "\"error\"",
                _ => {}
            }
        })
        .ok()?;
        // vLLM's way of saying it: the words stand in the event itself.
        if chunk.is_error {
            chunk.error = chunk.error.or(Some(text));
        }
        (chunk.choices.is_empty() || chunk.choices.starts_with('[')).then_some((chunk, choices))
    }
}

#[cfg(test)]
mod tests;
