//! Events of a Messages stream.

mod decode;
mod encode;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use decode::Decoder;
pub(in crate::anthropic) use decode::{BlockIn, StopDetails};
pub use encode::Encoder;

use super::usage;
use crate::{
    failure::said,
    members::place,
    peek::{Meaning, Peek},
    scan,
};

/// Reads one event. The payload's own `type` is believed over the `event:` field, which some vendors leave out.
pub fn peek(event: Option<&str>, data: &[u8]) -> Peek {
    let Ok(text) = scan::text(data) else { return Peek::of(Meaning::Malformed) };
    let Ok(read) = serde_json::from_str::<Event<'_>>(text) else { return Peek::of(Meaning::Malformed) };
    let kind = event.filter(|event| *event == "error").or(read.kind.as_deref()).or(event).unwrap_or_default();
    let mut peek = Peek::of(match kind {
        "content_block_delta" => Meaning::Content,
        "message_stop" => Meaning::End,
        "message_delta" => Meaning::Finish,
        "error" => Meaning::Error(said::in_band(read.error.map_or("{}", RawValue::get))),
        _ => Meaning::Prelude,
    });
    if let Some(delta) = read.delta {
        peek.finish = delta.stop_reason.map(|reason| reason.into_owned().into_boxed_str());
        peek.text = [delta.text, delta.thinking, delta.partial_json, delta.signature]
            .iter()
            .flatten()
            .map(|raw| raw.get().len().saturating_sub(2))
            .sum();
        peek.tool_call = delta.partial_json.is_some();
    }
    // The start of a tool call or of a redacted thought is content: it cannot be taken back.
    if kind == "content_block_start"
        && read.content_block.and_then(|block| block.kind).is_some_and(|kind| !matches!(&*kind, "text" | "thinking"))
    {
        peek.meaning = Meaning::Content;
        peek.tool_call = true;
    }
    if let Some(raw) = read.usage.or(read.message.and_then(|message| message.usage)) {
        peek.usage = usage::read(raw.get());
        peek.usage_at = peek.usage.is_some().then(|| place(data, raw.get()));
    }
    peek
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    content_block: Option<Block<'a>>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow, default)]
    partial_json: Option<&'a RawValue>,
    #[serde(borrow, default)]
    signature: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests;
