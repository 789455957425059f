//! Whole answers of the OpenAI dialect.

mod decode;
mod encode;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use decode::decode;
pub(crate) use encode::encode;

use super::{error, stop, usage};
use crate::{
    Operation,
    failure::{Failure, Kind},
    few,
    peek::{Answer, place},
};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "few::first")]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Reads a 2xx body; see [`crate::peek::answer`].
pub fn read(operation: Operation, body: &[u8]) -> Result<Answer, Failure> {
    let body_json: Body<'_> = serde_json::from_slice(body)
        .map_err(|error| Failure::local(Kind::Malformed, format!("the answer is not the JSON expected: {error}")))?;
    if let Some(raw) = body_json.error.filter(|raw| raw.get() != "null") {
        return Err(error::in_band(raw.get()));
    }
    let mut answer = Answer::default();
    if let Some(raw) = body_json.usage.filter(|raw| raw.get() != "null") {
        answer.usage = usage::read(raw.get());
        answer.usage_at = answer.usage.is_some().then(|| place(body, raw.get()));
    }
    if matches!(operation, Operation::ChatCompletions | Operation::Completions) {
        // A 200 without choices crashes callers: it is an upstream failure, not an answer.
        let first = body_json
            .choices
            .into_iter()
            .next()
            .ok_or_else(|| Failure::local(Kind::Malformed, "the answer has no choices"))?;
        if let Some(reason) = first.finish_reason.as_deref().filter(|reason| stop::is_failure(reason)) {
            return Err(first.error.map(|raw| error::in_band(raw.get())).unwrap_or_else(|| {
                Failure::local(Kind::ServerError, format!("the answer ended with finish_reason \"{reason}\""))
            }));
        }
        answer.finish = first.finish_reason.map(|reason| reason.into_owned().into_boxed_str());
    }
    if operation == Operation::Responses {
        answer.finish = body_json.status.and_then(|raw| crate::request::string(raw.get())).map(|text| text.into());
        if answer.finish.as_deref() == Some("failed") {
            return Err(Failure::local(Kind::ServerError, "the response has status \"failed\""));
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests;
