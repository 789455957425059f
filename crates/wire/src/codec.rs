//! What a dialect is: everything that is read or written in its manner alone.

use crate::{
    Failure, Framing, Head, Operation, Peek, Usage,
    hub::{Answer, Closing, Event, Losses, Request, Stamp},
    parse::BadPart,
    peek,
    profile::Profile,
    report::{Passed, Report},
    seals::{Change, Which},
    splice::Splice,
};

/// A way of writing a conversation.
pub(crate) trait Codec {
    /// Reads its streams: for translation, where it is translated, and for whoever records what was said.
    type Decoder: Decode + std::fmt::Debug;

    /// The operation by which an answer is asked for.
    const OPERATION: Operation;
    /// How its streams are cut into events.
    const FRAMING: Framing;
    /// What is missing from a stream that ended well without its terminal event, where SDKs wait for one. Empty: nothing.
    const LAST_WORD: &'static [u8];

    /// Reads one event of a stream; `event` is the SSE `event:` field.
    fn event(event: Option<&str>, data: &[u8]) -> Peek;

    /// Reads a whole 2xx answer of one of its operations.
    fn answer(operation: Operation, body: &[u8]) -> Result<peek::Answer, Failure>;

    /// Reads a usage object.
    fn usage(json: &str) -> Option<Usage>;

    /// The body of an error answer of ours.
    fn error(report: &Report<'_>) -> serde_json::Value;

    /// The event that ends a stream that broke after its first content (S1, S4): well-formed, and never a clean end.
    fn error_event(report: &Report<'_>, passed: &Passed<'_>) -> String;

    /// What to change at the top level of `head` so that no reasoning is in it that somebody else sealed (R3).
    fn strip_seals(head: &Head<'_>, which: Which) -> Vec<Change>;

    /// The text of a content event that holds nothing but text of the first choice or block. `None`: it cannot be continued.
    fn plain_text(data: &[u8]) -> Option<String>;

    /// A stream that broke can be gone on with.
    const CONTINUES: bool;

    /// Whether an event of a continuing stream fits behind what the caller has.
    fn splice(peek: &Peek, data: &[u8]) -> Splice;

    /// Reads what a request says, for whoever records it.
    fn asked<'a>(head: &Head<'a>) -> Option<Request<'a>>;

    /// The same of a whole answer.
    fn said(body: &[u8]) -> Option<Answer<'_>>;

    /// Whether what comes behind an event that is no content cannot be text of the same run.
    fn closes(_data: &[u8]) -> bool {
        false
    }
}

/// One that others are translated from and to, through the hub.
pub(crate) trait Translated: Codec {
    /// Writes them.
    type Encoder: Encode;

    /// Names of tools are of letters, digits, `_` and `-`, 64 at the most.
    const SHORT_NAMES: bool;
    /// Its seals do not say whose they are.
    const NAMELESS_SEALS: bool;
    /// Callers who want no thoughts shown still get the seals, and send them back.
    const KEEPS_SEALS: bool;

    /// Reads a request.
    fn read_request<'a>(head: &Head<'a>, losses: &mut Losses) -> Result<Request<'a>, BadPart>;

    /// Writes one for the target `to`.
    fn write_request(request: &Request<'_>, to: &Profile<'_>, losses: &mut Losses) -> Written;

    /// Reads a whole answer.
    fn read_answer(body: &[u8]) -> Result<Answer<'_>, Failure>;

    /// Writes one.
    fn write_answer(answer: &Answer<'_>, style: &Style<'_>, stamp: &Stamp<'_>) -> Vec<u8>;

    /// Writes a stream.
    fn encoder(style: &Style<'_>, stamp: &Stamp<'_>) -> Self::Encoder;

    /// Whether a whole answer has parts that the hub does not have: it has no other form then (H13).
    fn has_more_in_answer(body: &[u8]) -> bool;

    /// The same of one event.
    fn has_more_in_event(data: &[u8]) -> bool;
}

/// A request as it is sent.
#[derive(Debug)]
pub struct Written {
    /// The JSON body.
    pub body: Vec<u8>,
    /// The name of the tool that a schema went as: its input is the answer's text.
    pub schema_tool: Option<&'static str>,
}

/// How a caller wants its answer written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style<'a> {
    /// It speaks of functions, not of tools.
    pub(crate) legacy_functions: bool,
    /// Of a stream: it asked for usage.
    pub(crate) include_usage: bool,
    /// Who seals the target's reasoning.
    pub(crate) seal_format: &'a str,
}

/// Reads a stream, event by event.
pub(crate) trait Decode: Default {
    /// Adds one event; false where it cannot be read.
    fn feed<'d>(&mut self, event: Option<&str>, data: &'d [u8], sink: &mut impl FnMut(Event<'d>)) -> bool;
}

/// Writes a stream, event by event.
pub(crate) trait Encode {
    /// Writes what `event` is, at once or later.
    fn push(&mut self, event: &Event<'_>, out: &mut Vec<u8>);

    /// Writes the end.
    fn finish(&mut self, closing: &Closing, out: &mut Vec<u8>);

    /// It holds back more than can be held.
    fn is_overfull(&self) -> bool {
        false
    }
}
