//! Events of a Responses stream.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    failure::said,
    members::place,
    openai::usage,
    peek::{Meaning, Peek},
    responses::billed::Billed,
    scan,
};

/// Reads one event.
pub fn peek(event: Option<&str>, data: &[u8]) -> Peek {
    if data.trim_ascii() == b"[DONE]" {
        return Peek::of(Meaning::End);
    }
    let read =
        scan::text(data).ok().and_then(|text| serde_json::from_str::<Event<'_>>(text).ok().map(|read| (text, read)));
    let Some((text, read)) = read else {
        return Peek::of(Meaning::Malformed);
    };
    let kind = read.kind.as_deref().or(event).unwrap_or_default();
    let mut peek = Peek::of(match kind {
        "response.completed" | "response.incomplete" => Meaning::End,
        "response.failed" => Meaning::Error(said::in_band(
            read.response.as_ref().and_then(|response| response.error).map_or("{}", RawValue::get),
        )),
        // A bare `error` event carries its words at the top level.
        "error" | "response.error" => Meaning::Error(said::in_band(read.error.map_or(text, RawValue::get))),
        // A finished item is content even where no delta announced it: a tool search, an encrypted thought, a picture.
        "response.output_item.done" | "response.image_generation_call.partial_image" => Meaning::Content,
        kind if kind.ends_with(".delta") => Meaning::Content,
        _ => Meaning::Prelude,
    });
    if peek.meaning == Meaning::Content {
        peek.text = read.delta.map_or(0, |raw| raw.get().len().saturating_sub(2));
        peek.tool_call = kind.contains("function_call") || kind.contains("mcp_call") || kind.contains("custom_tool");
    }
    if peek.meaning == Meaning::End {
        peek.finish = kind.strip_prefix("response.").map(Into::into);
    }
    // A response that failed says what it used until then, too (U12).
    if matches!(peek.meaning, Meaning::End | Meaning::Error(_))
        && let Some(response) = read.response
    {
        let mut used = response.usage.and_then(|raw| usage::read(raw.get())).unwrap_or_default();
        peek.usage_at = response.usage.filter(|_| used.is_known()).map(|raw| place(data, raw.get()));
        if let Some(tier) = response.service_tier {
            used.set_service(usage::service(tier.get()));
        }
        let billed = Billed {
            output: response.output.map(RawValue::get),
            tool_usage: response.tool_usage.map(RawValue::get),
            tools: response.tools.map(RawValue::get),
        };
        billed.note(&mut used);
        peek.usage = used.is_known().then_some(used);
    }
    peek
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<Response<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tools: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests;
