//! Anthropic's dialect: Messages.

mod partial;
mod report;
pub mod request;
pub mod response;
pub(crate) mod seal;
mod seals;
mod stop;
pub mod stream;
pub mod usage;

use crate::{
    Failure, Framing, Head, Operation, Peek, Usage,
    codec::{Codec, Style, Translated, Written},
    hub::{Answer, Losses, Request, Stamp},
    parse::BadPart,
    peek,
    profile::Profile,
    report::{Passed, Report},
    seals::{Change, Which},
    splice::Splice,
};

/// Messages.
pub(crate) struct Messages;

impl Codec for Messages {
    type Decoder = stream::Decoder;

    const OPERATION: Operation = Operation::Messages;
    const FRAMING: Framing = Framing::ServerSentEvents;
    /// SDKs hold a message back until they have heard it.
    const LAST_WORD: &'static [u8] = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    const CONTINUES: bool = true;

    fn event(event: Option<&str>, data: &[u8]) -> Peek {
        stream::peek(event, data)
    }

    fn answer(operation: Operation, body: &[u8]) -> Result<peek::Answer, Failure> {
        response::read(operation, body)
    }

    fn usage(json: &str) -> Option<Usage> {
        usage::read(json)
    }

    fn error(report: &Report<'_>) -> serde_json::Value {
        report::body(report)
    }

    fn error_event(report: &Report<'_>, _passed: &Passed<'_>) -> String {
        report::event(report)
    }

    fn strip_seals(head: &Head<'_>, which: Which) -> Vec<Change> {
        seals::strip(head, which)
    }

    fn plain_text(data: &[u8]) -> Option<String> {
        partial::plain_text(data)
    }

    fn splice(peek: &Peek, data: &[u8]) -> Splice {
        partial::splice(peek, data)
    }

    fn asked<'a>(head: &Head<'a>) -> Option<Request<'a>> {
        Self::read_request(head, &mut Losses::default()).ok()
    }

    fn said(body: &[u8]) -> Option<Answer<'_>> {
        Self::read_answer(body).ok()
    }

    fn closes(data: &[u8]) -> bool {
        partial::closes(data)
    }
}

impl Translated for Messages {
    type Encoder = stream::Encoder;
    const SHORT_NAMES: bool = false;
    const NAMELESS_SEALS: bool = true;
    const KEEPS_SEALS: bool = true;

    fn read_request<'a>(head: &Head<'a>, losses: &mut Losses) -> Result<Request<'a>, BadPart> {
        request::decode(head, losses)
    }

    fn write_request(request: &Request<'_>, to: &Profile<'_>, losses: &mut Losses) -> Written {
        request::encode(request, to, losses)
    }

    fn read_answer(body: &[u8]) -> Result<Answer<'_>, Failure> {
        response::decode(body)
    }

    fn write_answer(answer: &Answer<'_>, _style: &Style<'_>, stamp: &Stamp<'_>) -> Vec<u8> {
        response::encode(answer, stamp)
    }

    fn encoder(_style: &Style<'_>, stamp: &Stamp<'_>) -> stream::Encoder {
        stream::Encoder::new(stamp.request_id)
    }

    fn has_more_in_answer(_body: &[u8]) -> bool {
        false
    }

    fn has_more_in_event(_data: &[u8]) -> bool {
        false
    }
}
