//! What is known to be missing.

use serde::Serialize;

/// An epoch of which something is missing, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The epoch, in hexadecimal digits.
    pub epoch: String,
    /// Namespace of its token.
    pub namespace: String,
    /// Service account of its token.
    pub service_account: String,
    /// Its pod.
    pub pod: String,
    /// Its node.
    pub node: String,
    /// Its version.
    pub version: String,
    /// When its process started, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// When it was last heard, in milliseconds since 1970.
    pub last_heard_ms: i64,
    /// Numbers that never came, as ranges, both ends included.
    pub missing: Vec<(i64, i64)>,
    /// How many entries those are: of begun attempts and of records.
    pub entries: i64,
    /// It was never closed: what is missing is at least `entries`, and how much more nobody knows.
    pub open: bool,
}
