//! Events of a chat or text completion stream.

mod decode;
mod encode;

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

pub use decode::Decoder;
pub(in crate::openai) use decode::{CallIn, Content, Delta, text_or_json};
pub use encode::Encoder;

use super::{error, stop, usage};
use crate::{
    failure::{Failure, Kind},
    few,
    peek::{Meaning, Peek, place},
};

/// Reads one `data:` payload.
pub fn peek(data: &[u8]) -> Peek {
    let trimmed = data.trim_ascii();
    if trimmed == b"[DONE]" {
        return Peek::of(Meaning::End);
    }
    let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else {
        return Peek::of(Meaning::Malformed);
    };
    if let Some(raw) = chunk.error {
        return Peek::of(Meaning::Error(error::in_band(raw.get())));
    }
    let mut peek = Peek::of(Meaning::Prelude);
    if let Some(raw) = chunk.usage.or(chunk.x_groq.and_then(|groq| groq.usage)).filter(|raw| raw.get() != "null") {
        peek.usage = usage::read(raw.get());
        peek.usage_at = peek.usage.is_some().then(|| place(data, raw.get()));
        peek.usage_only = chunk.choices.is_empty();
        // Some vendors repeat a running count on every chunk, the role-only one too: that finishes nothing.
        if peek.usage_only {
            peek.meaning = Meaning::Finish;
        }
    }
    for choice in chunk.choices {
        // Some vendors say `""` on every chunk but the last.
        if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
            if stop::is_failure(&reason) {
                let failure = choice.error.map(|raw| error::in_band(raw.get())).unwrap_or_else(|| {
                    Failure::local(Kind::ServerError, format!("the stream ended with finish_reason \"{reason}\""))
                });
                return Peek::of(Meaning::Error(failure));
            }
            peek.finish = Some(reason.into_owned().into_boxed_str());
            if peek.meaning == Meaning::Prelude {
                peek.meaning = Meaning::Finish;
            }
        }
        let delta = choice.delta.or(choice.message).unwrap_or_default();
        let text = choice.text.as_deref().map_or(0, str::len);
        if delta.content || text > 0 {
            peek.meaning = Meaning::Content;
            peek.text += delta.text + text;
            peek.tool_call |= delta.tool_call;
        }
    }
    peek
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "few::first")]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

/// Groq puts the usage of a stream here.
#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    delta: Option<Seen>,
    #[serde(default)]
    message: Option<Seen>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
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

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Seen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a delta")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
                let mut delta = Seen::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let raw = map.next_value::<&'de RawValue>()?.get();
                    let describes = matches!(&*key, "role" | "name" | "channel");
                    if describes || !raw.starts_with(['"', '[', '{']) || matches!(raw, "\"\"" | "[]" | "{}") {
                        continue;
                    }
                    delta.content = true;
                    delta.text += raw.len().saturating_sub(2);
                    delta.tool_call |= key == "tool_calls" || key == "function_call";
                }
                Ok(delta)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests;
