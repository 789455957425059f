//! Single records.

use outrigger_api::ledger::Record;

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// What the sidecar told, less what was forgotten. Its time is the one it is booked at.
    pub record: Record,
    /// Namespace of the token.
    pub namespace: String,
    /// Service account of the token.
    pub service_account: String,
    /// When it came, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// Its clock could not be believed: it is booked at the time when it came.
    pub clock_off: bool,
    /// What it costs by today's knowledge, in nano-dollars: as booked, or by its last re-pricing.
    pub nano: i64,
}

/// Figures of a day, a model and a provider.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Activity {
    /// `2026-11-28`.
    pub date: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// The provider's object.
    pub provider: String,
    /// The vendor, as the price list calls it.
    pub vendor: String,
    /// Requests.
    pub requests: i128,
    /// Cost by today's knowledge, in nano-dollars.
    pub nano: i128,
    /// Tokens of prompts.
    pub prompt_tokens: i128,
    /// Tokens of answers.
    pub completion_tokens: i128,
    /// Reasoning of those.
    pub reasoning_tokens: i128,
}
