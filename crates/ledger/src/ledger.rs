//! The ledger itself.

use outrigger_api::ledger::{AppendRequest, AppendResponse};

use crate::{
    close::Closed,
    error::{Error, Result},
    gaps::Gap,
    generation::{Activity, Generation},
    period::Period,
    query::Query,
    reprice::{Pricer, Repriced},
    stamp::Stamp,
    store::Store,
    usage::Usage,
};

/// How it behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Different sums of an hour that are kept apart; what comes beyond them has `other` for team, workload, route and model.
    pub hourly: usize,
    /// An epoch that is not closed is given up when nothing was heard of it for so long, in milliseconds.
    pub silent_ms: i64,
    /// Records are kept for so long, in milliseconds.
    pub records_ms: i64,
    /// Sums are kept for so many months.
    pub months: i64,
    /// Batches that may wait to be written.
    pub queue: usize,
    /// Connections to PostgreSQL, and readers of the file.
    pub connections: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hourly: 2_000,
            silent_ms: 26 * 3_600_000,
            records_ms: 90 * 86_400_000,
            months: 36,
            queue: 1_024,
            connections: 4,
        }
    }
}

/// The ledger: a handle, cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    _settings: Settings,
}

#[allow(clippy::unused_async)]
impl Ledger {
    /// Opens the store, makes it if it is not there, and brings its tables up to date.
    pub async fn open(_store: &Store, settings: Settings) -> Result<Self> {
        Ok(Self { _settings: settings })
    }

    /// Books what a sidecar tells. Answered once it is on disk.
    pub async fn append(&self, _stamp: Stamp, _batch: AppendRequest) -> Result<AppendResponse> {
        Err(Error::Closing)
    }

    /// Answers a question.
    pub async fn usage(&self, _query: &Query) -> Result<Usage> {
        Err(Error::Closing)
    }

    /// What is missing, or may be, of the epochs of these namespaces (`None`: all).
    pub async fn gaps(&self, _namespaces: Option<&[String]>, _now_ms: i64) -> Result<Vec<Gap>> {
        Err(Error::Closing)
    }

    /// The record of an id that a caller was told, where it is in one of these namespaces (`None`: all).
    pub async fn generation(&self, _id: &str, _namespaces: Option<&[String]>) -> Result<Option<Generation>> {
        Err(Error::Closing)
    }

    /// The most expensive requests of a stretch of time, the most expensive first.
    pub async fn most_expensive(
        &self,
        _since_ms: i64,
        _until_ms: i64,
        _namespaces: Option<&[String]>,
        _limit: u32,
    ) -> Result<Vec<Generation>> {
        Err(Error::Closing)
    }

    /// Figures by day, model and provider of whole days, in UTC.
    pub async fn activity(
        &self,
        _since_ms: i64,
        _until_ms: i64,
        _namespaces: Option<&[String]>,
    ) -> Result<Vec<Activity>> {
        Err(Error::Closing)
    }

    /// Takes a user out of every record: how many those were. Sums stay.
    pub async fn forget(&self, _user: &str) -> Result<u64> {
        Err(Error::Closing)
    }

    /// Closes the months of a period that is over: what was booked in it never changes again.
    pub async fn close(&self, _period: Period, _now_ms: i64) -> Result<Vec<Closed>> {
        Err(Error::Closing)
    }

    /// The months that are closed.
    pub async fn closed(&self) -> Result<Vec<Closed>> {
        Err(Error::Closing)
    }

    /// Asks for the price of what is kept of a stretch of time once more, and books the differences as adjustments.
    pub async fn reprice(
        &self,
        _since_ms: i64,
        _until_ms: i64,
        _pricer: &(impl Pricer + Sync),
        _now_ms: i64,
    ) -> Result<Repriced> {
        Err(Error::Closing)
    }

    /// What has to be done now and then: begun attempts of epochs that are over are booked as unknown. How many those were.
    pub async fn settle(&self, _now_ms: i64) -> Result<u64> {
        Err(Error::Closing)
    }

    /// Removes what has been kept for long enough: how many records and sums those were.
    pub async fn retain(&self, _now_ms: i64) -> Result<u64> {
        Err(Error::Closing)
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<()> {
        Err(Error::Closing)
    }

    /// Writes what waits, and lets the store go.
    pub async fn shut(self) {}
}
