//! OpenAI's Responses API. Its whole answers and its usage are read like the rest of OpenAI's; its streams are its own. It
//! comes and goes as itself alone.

pub(crate) mod billed;
mod conversation;
mod ear;
mod seals;
pub mod stream;

use serde_json::json;

use crate::{
    Failure, Framing, Head, Operation, Peek, Usage,
    codec::Codec,
    hub::{Answer, Request},
    openai::{report, response, usage},
    peek,
    report::{Passed, Report},
    seals::{Change, Which},
    splice::Splice,
};

/// Responses.
pub(crate) struct Responses;

impl Codec for Responses {
    type Decoder = ear::Ear;

    const OPERATION: Operation = Operation::Responses;
    const FRAMING: Framing = Framing::ServerSentEvents;
    /// Each of its terminal events holds the whole response: none can be made up.
    const LAST_WORD: &'static [u8] = b"";
    /// No API goes on with a response from its text.
    const CONTINUES: bool = false;

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

    /// The event OpenAI's SDKs raise as an error; `response.failed` would claim a response object that we have not.
    fn error_event(report: &Report<'_>, passed: &Passed<'_>) -> String {
        let event = json!({"type": "error", "code": report.code, "message": report.message, "param": null,
            "sequence_number": passed.events, "metadata": report.metadata});
        format!("event: error\ndata: {event}\n\n")
    }

    fn strip_seals(head: &Head<'_>, which: Which) -> Vec<Change> {
        seals::strip(head, which)
    }

    fn plain_text(_data: &[u8]) -> Option<String> {
        None
    }

    fn asked<'a>(head: &Head<'a>) -> Option<Request<'a>> {
        conversation::request(head)
    }

    fn said(body: &[u8]) -> Option<Answer<'_>> {
        conversation::answer(body)
    }

    fn splice(_peek: &Peek, _data: &[u8]) -> Splice {
        Splice::Unfit
    }
}
