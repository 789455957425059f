//! Who told, and when it was heard.

/// What the receiver of a batch knows of it by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Namespace of the token. Entries are booked under it, whatever they say themselves.
    pub namespace: String,
    /// Service account of the token.
    pub service_account: String,
    /// When the batch came, in milliseconds since 1970, by the ledger's clock.
    pub received_at_ms: i64,
}
