//! Whole answers of the OpenAI dialect.

mod decode;
mod encode;

pub use decode::decode;
pub(crate) use encode::encode;

use super::{error, stop, usage};
use crate::{
    Operation,
    failure::{Failure, Kind},
    peek::{Answer, place},
    request::{elements, string},
    scan,
};

/// The members that are looked at; `null` is none.
#[derive(Default)]
struct Body<'a> {
    error: Option<&'a str>,
    usage: Option<&'a str>,
    choices: Option<&'a str>,
    status: Option<&'a str>,
}

#[derive(Default)]
struct Choice<'a> {
    finish_reason: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> Body<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut read = Self::default();
        scan::object(std::str::from_utf8(body).ok()?, |key, raw| {
            let value = Some(raw).filter(|raw| *raw != "null");
            match key {
                "error" => read.error = value,
                "usage" => read.usage = value,
                "choices" => read.choices = value,
                "status" => read.status = value,
                _ => {}
            }
        })
        .ok()?;
        Some(read)
    }
}

impl<'a> Choice<'a> {
    fn read(raw: &'a str) -> Option<Self> {
        let mut read = Self::default();
        scan::object(raw, |key, raw| {
            let value = Some(raw).filter(|raw| *raw != "null");
            match key {
                "finish_reason" => read.finish_reason = value,
                "error" => read.error = value,
                _ => {}
            }
        })
        .ok()?;
        Some(read)
    }
}

/// Reads a 2xx body; see [`crate::peek::answer`].
pub fn read(operation: Operation, body: &[u8]) -> Result<Answer, Failure> {
    let Some(read) = Body::read(body) else { return Err(malformed(body)) };
    if let Some(raw) = read.error {
        return Err(error::in_band(raw));
    }
    let mut answer = Answer::default();
    if let Some(raw) = read.usage {
        answer.usage = usage::read(raw);
        answer.usage_at = answer.usage.is_some().then(|| place(body, raw));
    }
    if matches!(operation, Operation::ChatCompletions | Operation::Completions) {
        // A 200 without choices crashes callers: it is an upstream failure, not an answer.
        let first = read.choices.and_then(|choices| elements(choices).next());
        let first = first.ok_or_else(|| Failure::local(Kind::Malformed, "the answer has no choices"))?;
        let first = Choice::read(first)
            .ok_or_else(|| Failure::local(Kind::Malformed, "the answer's first choice is not an object"))?;
        let reason = first.finish_reason.and_then(string);
        if let Some(reason) = reason.as_deref().filter(|reason| stop::is_failure(reason)) {
            return Err(first.error.map(error::in_band).unwrap_or_else(|| {
                Failure::local(Kind::ServerError, format!("the answer ended with finish_reason \"{reason}\""))
            }));
        }
        answer.finish = reason.map(Into::into);
    }
    if operation == Operation::Responses {
        answer.finish = read.status.and_then(string).map(Into::into);
        if answer.finish.as_deref() == Some("failed") {
            return Err(Failure::local(Kind::ServerError, "the response has status \"failed\""));
        }
    }
    Ok(answer)
}

/// What is wrong with a body, in the words of a parser that counts lines.
fn malformed(body: &[u8]) -> Failure {
    let why = match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Ok(_) => "it is not an object".to_owned(),
        Err(error) => error.to_string(),
    };
    Failure::local(Kind::Malformed, format!("the answer is not the JSON expected: {why}"))
}

#[cfg(test)]
mod tests;
