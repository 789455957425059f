//! A store that is open, and how a transaction begins.

use std::{fs::File, sync::Arc};

use sqlx::{PgPool, SqlitePool};

use super::tx::Tx;
use crate::error::Result;

/// A store that is open.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    /// One writer and some readers of one file; the lock is held as long as any of them.
    Sqlite { write: SqlitePool, read: SqlitePool, _lock: Arc<File> },
    /// A database.
    Postgres(PgPool),
}

/// What the two write differently.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// Behind a `SELECT` of rows that are about to be changed.
    pub(crate) for_update: &'static str,
    /// The column that says which row it is.
    pub(crate) row: &'static str,
    /// Keeps months from being closed until the transaction ends.
    pub(crate) share_closing: Option<&'static str>,
    /// Waits for those, and keeps others from beginning.
    pub(crate) claim_closing: Option<&'static str>,
}

/// One writer at a time: there is nothing to lock.
const SQLITE: Words = Words { for_update: "", row: "rowid", share_closing: None, claim_closing: None };

/// The number is any that nobody else uses in the database.
const POSTGRES: Words = Words {
    for_update: " FOR UPDATE",
    row: "ctid",
    share_closing: Some("SELECT pg_advisory_xact_lock_shared(7302115081)"),
    claim_closing: Some("SELECT pg_advisory_xact_lock(7302115081)"),
};

impl Db {
    pub(crate) fn words(&self) -> Words {
        match self {
            Self::Sqlite { .. } => SQLITE,
            Self::Postgres(_) => POSTGRES,
        }
    }

    /// A transaction that may write. In SQLite there is one at a time.
    pub(crate) async fn write(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that reads, and sees the store as it was when it began.
    pub(crate) async fn read(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?)
            }
        })
    }

    /// Lets go of the store.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
