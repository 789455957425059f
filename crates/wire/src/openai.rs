//! OpenAI's chat completions, legacy completions, embeddings, images, audio, moderations, and the rerank shape that its
//! many compatible vendors share.

mod beside;
pub(crate) mod ids;
mod partial;
pub(crate) mod reasoning;
pub(crate) mod report;
pub mod request;
pub mod response;
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

/// Chat completions.
pub(crate) struct ChatCompletions;

impl Codec for ChatCompletions {
    type Decoder = stream::Decoder;

    const OPERATION: Operation = Operation::ChatCompletions;
    const FRAMING: Framing = Framing::ServerSentEvents;
    const LAST_WORD: &'static [u8] = b"data: [DONE]\n\n";
    const CONTINUES: bool = true;

    fn event(_event: Option<&str>, data: &[u8]) -> Peek {
        stream::peek(data)
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

    fn error_event(report: &Report<'_>, passed: &Passed<'_>) -> String {
        report::event(report, passed)
    }

    fn strip_seals(head: &Head<'_>, which: Which) -> Vec<Change> {
        seals::strip(head, which)
    }

    fn plain_text(data: &[u8]) -> Option<String> {
        partial::plain_text(data)
    }

    fn asked<'a>(head: &Head<'a>) -> Option<Request<'a>> {
        Self::read_request(head, &mut Losses::default()).ok()
    }

    fn said(body: &[u8]) -> Option<Answer<'_>> {
        Self::read_answer(body).ok()
    }

    fn splice(peek: &Peek, _data: &[u8]) -> Splice {
        partial::splice(peek)
    }
}

impl Translated for ChatCompletions {
    type Encoder = stream::Encoder;
    const SHORT_NAMES: bool = true;
    const NAMELESS_SEALS: bool = false;
    const KEEPS_SEALS: bool = false;

    fn read_request<'a>(head: &Head<'a>, losses: &mut Losses) -> Result<Request<'a>, BadPart> {
        request::decode(head, losses)
    }

    fn write_request(request: &Request<'_>, to: &Profile<'_>, losses: &mut Losses) -> Written {
        Written { body: request::encode(request, to, losses), schema_tool: None }
    }

    fn read_answer(body: &[u8]) -> Result<Answer<'_>, Failure> {
        response::decode(body)
    }

    fn write_answer(answer: &Answer<'_>, style: &Style<'_>, stamp: &Stamp<'_>) -> Vec<u8> {
        response::encode(answer, style.legacy_functions, stamp)
    }

    fn encoder(style: &Style<'_>, stamp: &Stamp<'_>) -> stream::Encoder {
        stream::Encoder::new(stamp, style)
    }

    fn has_more_in_answer(body: &[u8]) -> bool {
        beside::in_answer(body)
    }

    fn has_more_in_event(data: &[u8]) -> bool {
        beside::in_event(data)
    }
}
