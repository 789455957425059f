//! `count_tokens` at a provider that has no such call: answered here, by an estimate that says so.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use outrigger_route::Candidate;
use outrigger_wire::{Failure, Kind, hub::Losses, peek::Answer};
use serde_json::json;

use super::{
    answered::{Answered, Committed},
    context::Context,
};
use crate::headers::ESTIMATED;

/// Counts for `candidate`. Nothing is sent.
pub(super) async fn here(cx: &Context<'_>, candidate: &Candidate) -> Result<Committed, Failure> {
    let estimate = cx.tokens.count(&candidate.target.model, &cx.taken.body).await;
    let estimate = estimate.ok_or_else(|| Failure::local(Kind::ServerError, "the prompt could not be counted"))?;
    // Attachments whose cost the body does not tell are named, not guessed.
    let body = json!({
        "input_tokens": estimate.tokens,
        "estimated": true,
        "error_p90": estimate.margin,
        "uncounted_parts": estimate.unknown,
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ESTIMATED, HeaderValue::from_static("true"));
    Ok(Committed {
        answered: Answered::Whole { body: Bytes::from(body.to_string()), answer: Answer::default(), share: None },
        status: StatusCode::OK,
        headers,
        hide_usage: false,
        echo: None,
        losses: Losses::default(),
        in_flight: None,
    })
}
