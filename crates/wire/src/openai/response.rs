//! Whole answers of the OpenAI dialect.

mod decode;
mod encode;

pub use decode::decode;
pub(crate) use encode::encode;

use super::{stop, usage};
use crate::{
    Operation, Usage,
    failure::{Failure, Kind, said},
    members::place,
    members::{elements, member_of, string},
    peek::Answer,
    responses::billed::Billed,
    scan::{self, Nest, Watch},
};

/// The members that are looked at; `null` is none.
#[derive(Default)]
struct Body<'a> {
    error: Option<&'a str>,
    usage: Option<&'a str>,
    choices: Option<&'a str>,
    status: Option<&'a str>,
    service_tier: Option<&'a str>,
    /// Of a transcription: how much was heard.
    duration: Option<&'a str>,
    billed: Billed<'a>,
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
                "service_tier" => read.service_tier = value,
                "duration" => read.duration = value,
                "output" => read.billed.output = value,
                "tool_usage" => read.billed.tool_usage = value,
                "tools" => read.billed.tools = value,
                _ => {}
            }
        })
        .ok()?;
        read.first = first;
        Some(read)
    }
}

impl Body<'_> {
    /// What it used, by all that the answer says of it.
    fn used(&self, operation: Operation) -> Option<Usage> {
        let mut used = self.usage.and_then(usage::read).unwrap_or_default();
        if let Some(tier) = self.service_tier {
            used.set_service(usage::service(tier));
        }
        match operation {
            Operation::Responses => self.billed.note(&mut used),
            // A verbose transcription says how long it listened, and counts no tokens (U13).
            Operation::Transcriptions | Operation::Translations if !used.is_known() => {
                if let Some(heard) = self.duration.and_then(|raw| usage::millis(raw, &mut used.impossible)) {
                    used.bill_mut().heard_ms = Some(heard);
                }
            }
            _ => {}
        }
        used.is_known().then_some(used)
    }
}

/// Reads a 2xx body; see [`crate::peek::answer`].
pub fn read(operation: Operation, body: &[u8]) -> Result<Answer, Failure> {
    let Some(read) = Body::read(body) else { return Err(malformed(body)) };
    let usage = read.used(operation);
    if let Some(raw) = read.error {
        return Err(said::in_band(raw).with_usage(usage));
    }
    let usage_at = read.usage.filter(|raw| usage.is_some() && raw.starts_with('{')).map(|raw| place(body, raw));
    let mut answer = Answer { usage, usage_at, ..Answer::default() };
    finished(operation, &read, &mut answer).map_err(|failure| failure.with_usage(answer.usage.take()))?;
    Ok(answer)
}

/// How it ended; an answer that is none is a failure.
fn finished(operation: Operation, read: &Body<'_>, answer: &mut Answer) -> Result<(), Failure> {
    if matches!(operation, Operation::ChatCompletions | Operation::Completions) {
        // A 200 without choices crashes callers: it is an upstream failure, not an answer.
        let choices = read.choices.filter(|choices| choices.starts_with('[') && read.first.begun > 0);
        let choices = choices.ok_or_else(|| Failure::local(Kind::Malformed, "the answer has no choices"))?;
        let reason = read.first.finish_reason.and_then(string);
        if let Some(reason) = reason.as_deref().filter(|reason| stop::is_failure(reason)) {
            let error = elements(choices).next().and_then(|first| member_of(first, "error"));
            return Err(error.filter(|raw| *raw != "null").map(said::in_band).unwrap_or_else(|| {
                Failure::local(Kind::ServerError, format!("the answer ended with finish_reason \"{reason}\""))
            }));
        }
        // Some vendors forget the reason, none that answered forgets the answer (U14).
        if reason.as_deref().is_none_or(str::is_empty) && !says_something(choices) {
            return Err(Failure::local(Kind::Malformed, "the answer has neither content nor a finish reason"));
        }
        answer.finish = reason.map(Into::into);
    }
    if operation == Operation::Responses {
        answer.finish = read.status.and_then(string).map(Into::into);
        if answer.finish.as_deref() == Some("failed") {
            return Err(Failure::local(Kind::ServerError, "the response has status \"failed\""));
        }
        if answer.finish.is_none() && read.billed.output.is_none_or(|output| elements(output).next().is_none()) {
            return Err(Failure::local(Kind::Malformed, "the response has neither output nor a status"));
        }
    }
    Ok(())
}

/// Whether any of the choices holds content, a call or a refusal.
fn says_something(choices: &str) -> bool {
    let message = |choice| member_of(choice, "message").or_else(|| member_of(choice, "delta"));
    let said = |raw: &str| raw.starts_with(['"', '[', '{']) && !matches!(raw, "\"\"" | "[]" | "{}");
    elements(choices).any(|choice| {
        member_of(choice, "text").is_some_and(said)
            || message(choice).is_some_and(|message| {
                // As a stream's delta: a member that describes the message says nothing.
                let mut any = false;
                let read = scan::object(message, |key, raw| {
                    any |= !matches!(key, "role" | "name" | "channel") && said(raw);
                });
                read.is_ok() && any
            })
    })
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
