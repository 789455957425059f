//! Whole answers of the Messages API.

mod decode;
mod encode;

use std::{borrow::Cow, fmt::Display};

use serde::Deserialize;
use serde_json::value::RawValue;

pub use decode::decode;
pub(crate) use encode::encode;

use super::usage;
use crate::{
    Operation,
    failure::said,
    failure::{Failure, Kind},
    members::place,
    members::{elements, member_of, string},
    peek::Answer,
    scan,
};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stop_reason: Option<Cow<'a, str>>,
}

/// Reads a 2xx body; see [`crate::peek::answer`].
pub fn read(operation: Operation, body: &[u8]) -> Result<Answer, Failure> {
    let malformed =
        |error: &dyn Display| Failure::local(Kind::Malformed, format!("the answer is not the JSON expected: {error}"));
    let text = scan::text(body).map_err(|_| malformed(&"it is no UTF-8"))?;
    // A list would be taken for the members in their order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(malformed(&"it is no object"));
    }
    let read: Body<'_> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    let usage_json = read.usage.map(RawValue::get);
    let usage = usage_json.and_then(usage::read);
    if let Some(raw) = read.error.filter(|raw| raw.get() != "null") {
        return Err(said::in_band(raw.get()).with_usage(usage));
    }
    if operation == Operation::Messages && read.content.is_none() {
        return Err(Failure::local(Kind::Malformed, "the answer has no content").with_usage(usage));
    }
    // A message that ended says why; one that does not say and holds nothing is none (U14).
    let empty = || read.content.is_none_or(|content| !says_something(content.get()));
    if operation == Operation::Messages && read.stop_reason.is_none() && empty() {
        let failure = Failure::local(Kind::Malformed, "the answer has neither content nor a stop reason");
        return Err(failure.with_usage(usage));
    }
    Ok(Answer {
        usage_at: usage_json.filter(|_| usage.is_some()).map(|raw| place(body, raw)),
        usage,
        lost: Vec::new(),
        finish: read.stop_reason.map(|reason| reason.into_owned().into_boxed_str()),
    })
}

/// Whether any block holds more than an empty text.
fn says_something(content: &str) -> bool {
    elements(content).any(|block| match member_of(block, "type").and_then(string).as_deref() {
        Some(kind @ ("text" | "thinking")) => {
            member_of(block, kind).is_some_and(|text| !matches!(text, "\"\"" | "null"))
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests;
