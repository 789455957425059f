//! An error that we report, whatever the dialect it is reported in.

use serde_json::Value;

/// An error of ours, or an upstream's that we report.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// HTTP status.
    pub status: u16,
    /// The stable code: the same word in the answer, the log and the metric.
    pub code: &'a str,
    /// What happened, whose fault it is, what to do.
    pub message: &'a str,
    /// Everything else, an object: attempts, the upstream's own body, candidates removed.
    pub metadata: Value,
    /// Id of the request.
    pub request_id: &'a str,
    /// `error.code` is the HTTP status, as OpenRouter has it and its SDKs insist on, and the stable code is
    /// `error.metadata.error_code`.
    pub numeric_code: bool,
}

/// What the error event continues: it must look like a part of the same answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passed<'a> {
    /// Data of an event passed on: a chat chunk says in each whose it is.
    pub like: &'a [u8],
    /// Events passed on so far, which is the next `sequence_number` of a Responses stream.
    pub events: u64,
}
