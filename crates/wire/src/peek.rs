//! What one event of a stream, or one whole answer, means to a relay that passes the bytes on untouched.

use std::ops::Range;

use crate::{Failure, Operation, Usage, anthropic, openai, responses};

/// The meaning of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Says nothing of the answer yet: role-only chunks, `message_start`, pings, `response.created`. Not content: a
    /// failure behind it may still move to the next target (S3, T3).
    Prelude,
    /// Generated content: text, reasoning, a tool call, a refusal, audio.
    Content,
    /// Carries the finish reason, or usage behind it, and no content.
    Finish,
    /// The terminal event of the dialect: `[DONE]`, `message_stop`, `response.completed`.
    End,
    /// An error in the stream.
    Error(Failure),
    /// Not an event of this dialect: broken JSON. Passed on and counted (S15).
    Malformed,
}

/// One event, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// What it means.
    pub meaning: Meaning,
    /// The reason the answer ended, if this event gives one: the vendor's word.
    pub finish: Option<Box<str>>,
    /// Token counts it carries.
    pub usage: Option<Usage>,
    /// Where the usage object lies in the event's data.
    pub usage_at: Option<Range<usize>>,
    /// The event exists only to carry usage, so it is hidden from a caller that did not ask (U1).
    pub usage_only: bool,
    /// Bytes of generated text in it, for estimates.
    pub text: usize,
    /// It holds a part of a tool call, or another block that cannot be continued from text.
    pub tool_call: bool,
}

impl Peek {
    /// An event of this meaning and nothing else.
    pub fn of(meaning: Meaning) -> Self {
        Self { meaning, finish: None, usage: None, usage_at: None, usage_only: false, text: 0, tool_call: false }
    }

    /// Reads one event of an `operation`'s stream. `event` is the SSE `event:` field.
    pub fn event(operation: Operation, event: Option<&str>, data: &[u8]) -> Self {
        let peek = match operation {
            Operation::Messages => anthropic::stream::peek(event, data),
            Operation::Responses => responses::stream::peek(event, data),
            _ => openai::stream::peek(data),
        };
        // What is called an error is one, whatever is in it (H13).
        if event == Some("error") && !matches!(peek.meaning, Meaning::Error(_)) {
            let failure = openai::error::in_band(&String::from_utf8_lossy(data));
            return Self { usage: peek.usage, ..Self::of(Meaning::Error(failure)) };
        }
        peek
    }
}

/// A whole answer that was not streamed, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Token counts.
    pub usage: Option<Usage>,
    /// Where the usage object lies in the body.
    pub usage_at: Option<Range<usize>>,
    /// The vendor's word for why it ended.
    pub finish: Option<Box<str>>,
    /// What a translation of it had no words for: words for the counter.
    pub lost: Vec<&'static str>,
}

/// Reads a whole 2xx JSON answer. An error in the body is a failure although HTTP said 200 (S7); a body that is not
/// JSON, or lacks what the operation must have, is [`crate::Kind::Malformed`].
pub fn answer(operation: Operation, body: &[u8]) -> Result<Answer, Failure> {
    match operation.dialect() {
        crate::Dialect::Anthropic => anthropic::response::read(operation, body),
        crate::Dialect::OpenAi => openai::response::read(operation, body),
    }
}

/// The usage in an error body: some vendors bill a call that they fail (U5).
pub fn billed(operation: Operation, body: &[u8]) -> Option<Usage> {
    let head = crate::Head::read(body).ok()?;
    let raw = head.present("usage")?;
    match operation.dialect() {
        crate::Dialect::Anthropic => anthropic::usage::read(raw),
        crate::Dialect::OpenAi => openai::usage::read(raw),
    }
}

/// Place of the borrowed JSON text `part` within `whole`, of which it must be a part.
pub(crate) fn place(whole: &[u8], part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H13: what is called an error is one, whatever is in it, in every dialect.
    #[test]
    fn what_is_called_an_error_is_one() {
        for operation in Operation::ALL {
            for data in [
                r#"{"message":"boom","code":503}"#,
                r#"{"type":"content_block_delta","delta":{"text":"x"}}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"x"}}]}"#,
                "boom",
            ] {
                let peek = Peek::event(operation, Some("error"), data.as_bytes());
                let Meaning::Error(failure) = peek.meaning else { panic!("{operation:?}: {data} is no error") };
                assert_eq!(failure.status, data.contains("503").then_some(503), "{operation:?}: {data}");
            }
        }
    }
}
