//! What another price makes of old records.

use outrigger_api::ledger::{Target, Tokens};
use serde::Serialize;

/// A price that was found for an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Nano-dollars.
    pub nano: i64,
    /// The row of the price list, and its version.
    pub row: String,
    /// A part of it has no price.
    pub partial: bool,
}

/// Who knows prices. Absent: nobody knows one, and what is booked stays.
pub trait Pricer {
    /// What these tokens cost there, at that moment (milliseconds since 1970).
    fn price(&self, target: &Target, tokens: &Tokens, at_ms: i64) -> Option<Priced>;
}

/// What a re-pricing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repriced {
    /// Attempts that were looked at: those whose cost is the price list's word, or nobody's.
    pub attempts: u64,
    /// Attempts whose cost is another now.
    pub changed: u64,
    /// What they cost before, in nano-dollars.
    pub before_nano: i128,
    /// What they cost now, in nano-dollars.
    pub after_nano: i128,
}
