//! What every call and question may reach.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use outrigger_ledger::{Error, Ledger};
use tokio::sync::Semaphore;

use super::{line::Line, metrics::Metrics, readers::Readers, who::Who};
use crate::tls::Serving;

/// What every call and question may reach.
pub(super) struct Program {
    pub(super) who: Who,
    pub(super) readers: Readers,
    pub(super) line: Line,
    pub(super) books: Ledger,
    /// The file of the books, where they are one.
    pub(super) file: Option<PathBuf>,
    pub(super) metrics: Metrics,
    /// `None`: plain HTTP.
    pub(super) serving: Option<Arc<Serving>>,
    /// Questions that are being answered.
    pub(super) asking: Semaphore,
    /// Held while other prices are booked.
    pub(super) repricing: Arc<tokio::sync::Mutex<()>>,
    /// Why the store does not answer, as last looked.
    pub(super) away: Mutex<Option<String>>,
}

impl Program {
    /// Says that the store failed, for whoever keeps it.
    pub(super) fn complain(&self, why: &Error) {
        tracing::error!(code = "store_failed", "{why}");
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
