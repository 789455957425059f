//! Who told, and when it was heard.

/// What the receiver of a batch knows of it by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Namespace of the token, or the one that an operator books for. Entries are booked under it, whatever they say themselves.
    pub namespace: String,
    /// Service account of the token. `None`: an operator tells what a sidecar left in its log, and nobody knows yet whose it
    /// was. The epoch is the namespace's until a token tells of it, and that one's service account's from then on: what the
    /// process, or the next of its pod, still holds is taken as ever.
    pub service_account: Option<String>,
    /// When the batch came, in milliseconds since 1970, by the ledger's clock.
    pub received_at_ms: i64,
}
