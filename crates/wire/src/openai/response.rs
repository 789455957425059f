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
    request::{elements, member_of, string},
    scan::{self, Nest, Watch},
};

/// The members that are looked at; `null` is none.
#[derive(Default)]
struct Body<'a> {
    error: Option<&'a str>,
    usage: Option<&'a str>,
    choices: Option<&'a str>,
    status: Option<&'a str>,
    first: First<'a>,
}

/// The first choice, looked at while it is passed over: it holds nearly all of the answer.
#[derive(Default)]
struct First<'a> {
    active: bool,
    begun: usize,
    finish_reason: Option<&'a str>,
}

impl<'a> Watch<'a> for First<'a> {
    fn member(&mut self, key: &str) {
        self.active = key == "choices";
    }

    fn begins(&mut self, nest: &Nest, _at: usize) {
        // In the list and in nothing else.
        self.begun += usize::from(self.active && nest.pattern() == 0b10);
    }

    fn key(&mut self, nest: &Nest, key: &'a str) -> bool {
        self.active && self.begun == 1 && nest.pattern() == 0b101 && key == "finish_reason"
    }

    fn word(&mut self, json: &'a str) {
        self.finish_reason = Some(json);
    }
}

impl<'a> Body<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut read = Self::default();
        let mut first = First::default();
        scan::object_watched(scan::text(body).ok()?, &mut first, |key, raw| {
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
        read.first = first;
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
        let choices = read.choices.filter(|choices| choices.starts_with('[') && read.first.begun > 0);
        let choices = choices.ok_or_else(|| Failure::local(Kind::Malformed, "the answer has no choices"))?;
        let reason = read.first.finish_reason.and_then(string);
        if let Some(reason) = reason.as_deref().filter(|reason| stop::is_failure(reason)) {
            let error = elements(choices).next().and_then(|first| member_of(first, "error"));
            return Err(error.filter(|raw| *raw != "null").map(error::in_band).unwrap_or_else(|| {
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
