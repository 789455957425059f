//! Whole answers of the Messages API.

mod decode;
mod encode;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use decode::decode;
pub(crate) use encode::encode;

use super::usage;
use crate::{
    Operation,
    failure::{Failure, Kind},
    openai::error,
    peek::{Answer, place},
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
    let read: Body<'_> = serde_json::from_slice(body)
        .map_err(|error| Failure::local(Kind::Malformed, format!("the answer is not the JSON expected: {error}")))?;
    if let Some(raw) = read.error.filter(|raw| raw.get() != "null") {
        return Err(error::in_band(raw.get()));
    }
    if operation == Operation::Messages && read.content.is_none() {
        return Err(Failure::local(Kind::Malformed, "the answer has no content"));
    }
    let usage_json = read.usage.map(RawValue::get);
    Ok(Answer {
        usage: usage_json.and_then(usage::read),
        usage_at: usage_json.filter(|raw| usage::read(raw).is_some()).map(|raw| place(body, raw)),
        lost: Vec::new(),
        finish: read.stop_reason.map(|reason| reason.into_owned().into_boxed_str()),
    })
}

#[cfg(test)]
mod tests;
