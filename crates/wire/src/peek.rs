//! What one event of a stream, or one whole answer, means to a relay that passes the bytes on untouched.

use std::ops::Range;

use crate::{Failure, Usage};

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
