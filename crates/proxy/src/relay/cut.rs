//! Answers that end abnormally: the connection is cut, so that no caller takes one for a whole answer (S1).

use std::time::Duration;

/// How long the last bytes get to reach the caller before the connection is cut: a body that fails at once takes with it
/// what is still buffered, here or in a client that reads by `fetch`.
pub(super) const FLUSH: Duration = Duration::from_millis(50);

/// Why a body ended abnormally: the connection is cut, so that no caller takes it for a whole answer (S1).
#[derive(Debug, thiserror::Error)]
#[error("the answer broke after it had begun: {0}")]
pub(crate) struct Broken(pub(super) &'static str);

/// What is said of an answer that our own leaving ends (R-DRAIN-3).
pub(super) const SHUTTING_DOWN: &str = "the sidecar is shutting down and its drain time is over";
