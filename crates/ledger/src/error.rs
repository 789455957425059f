//! What can go wrong, and whose fault it is.

use std::{path::PathBuf, sync::Arc};

/// Why the ledger did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The question or the batch is wrong: whoever sent it mends it.
    #[error("{0}")]
    Invalid(String),
    /// The question reaches further than one answer can: it has to be narrowed.
    #[error("{0}")]
    TooMuch(String),
    /// An epoch belongs to another workload than the one that tells of it.
    #[error("the epoch {0} was begun by another service account: its entries are not taken from this one")]
    NotYours(String),
    /// More batches wait than the queue holds: the sender tries again.
    #[error("the ledger has {0} batches to write before this one: send it again in a second")]
    Busy(usize),
    /// The ledger was closed while this waited.
    #[error("the ledger is being closed: send it again")]
    Closing,
    /// Another process has the file.
    #[error("{0} is in use by another process: a ledger in SQLite has one, so run one replica, or use PostgreSQL")]
    Locked(PathBuf),
    /// The file lies where its locks and its log cannot be trusted.
    #[error(
        "{path} lies on {kind}, where SQLite's locks and write-ahead log cannot be trusted: use a volume of the node or a block device, or PostgreSQL"
    )]
    NetworkFileSystem {
        /// The folder.
        path: PathBuf,
        /// The file system's name.
        kind: &'static str,
    },
    /// A file could not be opened or made.
    #[error("cannot open {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Arc<std::io::Error>,
    },
    /// The system gives no random bytes: no secret can be made of less.
    #[error("the system gives no random bytes for the ledger's secret")]
    NoRandomness,
    /// The store said no: it is full, away, or broken.
    #[error("the store failed: {0}")]
    Store(Arc<sqlx::Error>),
    /// The store's tables could not be brought up to date.
    #[error("the store could not be brought up to date: {0}")]
    Migrate(Arc<sqlx::migrate::MigrateError>),
    /// What is stored does not make sense: a bug of ours, or a file edited by hand.
    #[error("the store holds what the ledger never wrote: {0}")]
    Corrupt(String),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migrate(Arc::new(error))
    }
}

/// What everything here answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
