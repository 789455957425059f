//! What an error says, whoever's it is: vendors imitate one another's errors, and routers wrap them.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Failure, Kind};
use crate::members::string;

/// Reads a non-2xx answer. A body that cannot be read is no reason to lose the status (S13).
pub fn decode(status: u16, body: &Bytes) -> Failure {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    // Some gateways answer a stream request's error as SSE even with a non-200 status.
    let json = if text.starts_with("data:") || text.starts_with("event:") || text.starts_with(':') {
        text.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or_default().trim()
    } else {
        text
    };
    let said = Said::read(json, DEEPEST);
    let by_status = Kind::from_status(status);
    Failure {
        kind: said.kind(by_status),
        status: Some(status),
        retry_after: None,
        message: said.message(|| format!("HTTP {status}")),
        body: Some(body.clone()),
        billed: None,
        told: None,
    }
}

/// Reads the value of `error` in a 200 answer or in a stream event.
pub fn in_band(json: &str) -> Failure {
    let said = Said::read(json, DEEPEST);
    let status = said.status();
    let by_status = status.map_or(Kind::ServerError, Kind::from_status);
    Failure {
        kind: said.kind(by_status),
        status,
        retry_after: None,
        message: said.message(|| "the upstream sent an error in its answer".to_owned()),
        body: Some(Bytes::copy_from_slice(json.as_bytes())),
        billed: None,
        told: None,
    }
}

/// How many errors within errors are opened: routers wrap a vendor's, and some wrap a router's.
const DEEPEST: u8 = 4;

/// The words of an error, wherever the vendor put them.
#[derive(Default)]
struct Said<'a> {
    message: Option<Cow<'a, str>>,
    code: Option<&'a str>,
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
struct Raw<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
}

impl<'a> Said<'a> {
    fn read(json: &'a str, depth: u8) -> Self {
        if let Some(text) = string(json) {
            return Self { message: Some(text), ..Self::default() };
        }
        // Google answers a list with one error.
        let json = json.trim_start_matches('[').trim_end_matches(']');
        let Ok(raw) = serde_json::from_str::<Raw<'a>>(json) else { return Self::default() };
        if let Some(inner) = raw.error.filter(|inner| inner.get() != "null") {
            let mut said = depth.checked_sub(1).map(|depth| Self::read(inner.get(), depth)).unwrap_or_default();
            said.message = said.message.or_else(|| raw.message.and_then(|text| string(text.get())));
            said.code = said.code.or(raw.code.map(RawValue::get));
            return said;
        }
        Self {
            message: raw.message.or(raw.detail).map(|text| string(text.get()).unwrap_or(Cow::Borrowed(text.get()))),
            code: raw.code.or(raw.status).map(RawValue::get).filter(|code| *code != "null"),
            kind: raw.kind.and_then(|kind| string(kind.get())),
        }
    }

    fn status(&self) -> Option<u16> {
        let code = self.code?.trim_matches('"');
        code.parse().ok().filter(|code| (400..600).contains(code))
    }

    /// What the words say beyond the status. The words are those of OpenAI, Azure, Anthropic, Groq, Mistral, Together,
    /// DeepSeek and OpenRouter.
    fn kind(&self, by_status: Kind) -> Kind {
        let code = self.code.unwrap_or_default().trim_matches('"');
        let word = self.kind.as_deref().unwrap_or_default();
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        let said = |words: &[&str]| words.iter().any(|w| code.eq_ignore_ascii_case(w) || word.eq_ignore_ascii_case(w));
        let request_fault =
            matches!(by_status, Kind::InvalidRequest | Kind::TooLarge | Kind::ServerError | Kind::Forbidden);
        if said(&["context_length_exceeded", "context_window_exceeded", "model_max_prompt_tokens_exceeded"])
            || (request_fault
                && [
                    "maximum context length",
                    "context window",
                    "prompt is too long",
                    "input is too long",
                    "too many tokens",
                ]
                .iter()
                .any(|phrase| message.contains(phrase)))
        {
            return Kind::ContextLength;
        }
        if said(&[
            "content_policy_violation",
            "content_filter",
            "responsibleaipolicyviolation",
            "moderation_blocked",
            "refusal",
        ]) {
            return Kind::ContentPolicy;
        }
        if said(&[
            "insufficient_quota",
            "billing_hard_limit_reached",
            "billing_error",
            "payment_required",
            "insufficient_balance",
        ]) {
            return Kind::QuotaExhausted;
        }
        // Anthropic says 400 for an empty account, Google for a wrong key: the key is at fault, not the request.
        if by_status == Kind::InvalidRequest && message.contains("credit balance is too low") {
            return Kind::QuotaExhausted;
        }
        if by_status == Kind::InvalidRequest && message.contains("api key not valid") {
            return Kind::Unauthorized;
        }
        if by_status == Kind::ServerError || by_status == Kind::InvalidRequest {
            if said(&["rate_limit_exceeded", "rate_limit_error", "tokens", "requests"]) {
                return Kind::RateLimited;
            }
            if said(&["overloaded_error", "overloaded", "provider_overloaded", "engine_overloaded", "unavailable"]) {
                return Kind::Overloaded;
            }
            if said(&["invalid_api_key", "authentication_error", "authentication"]) {
                return Kind::Unauthorized;
            }
            if said(&["permission_error", "permission_denied"]) {
                return Kind::Forbidden;
            }
        }
        if by_status == Kind::ServerError {
            if said(&["invalid_request_error", "invalid_request", "invalid_prompt"]) {
                return Kind::InvalidRequest;
            }
            if said(&["not_found_error", "model_not_found"]) {
                return Kind::NotFound;
            }
        }
        by_status
    }

    fn message(&self, otherwise: impl FnOnce() -> String) -> Box<str> {
        match &self.message {
            // Messages are kept with the record of the request, so they are not of any length.
            Some(text) if !text.is_empty() => text.chars().take(1024).collect::<String>().into(),
            _ => otherwise().into(),
        }
    }
}

#[cfg(test)]
mod tests;
