//! The ledger itself.

use std::sync::Arc;

use outrigger_api::ledger::{AppendRequest, AppendResponse};
use tokio::{sync::Mutex, task::JoinHandle};

use crate::{
    close::{self, Closed},
    db::{self, Db, Value},
    error::Result,
    forget::{self, Forgotten},
    gaps::{self, Gap},
    generation::{self, Activity, Generation},
    keys::Keys,
    period::Period,
    query::Query,
    reprice::{self, Pricer, Repriced, Stretch},
    retain,
    settings::Settings,
    stamp::Stamp,
    store::Store,
    usage::{self, Usage},
    write::{self, Batch, Queue, Sorter},
};

/// The ledger: a handle, cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) db: Db,
    keys: Keys,
    settings: Settings,
    sorter: Arc<Mutex<Sorter>>,
    queue: Arc<Queue>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Ledger {
    /// Opens the store, makes it if it is not there, and brings its tables up to date. Called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](crate::Error::Locked) and [`Error::NetworkFileSystem`](crate::Error::NetworkFileSystem) for a file
    /// that this process may not have; whatever the store says otherwise.
    pub async fn open(store: &Store, settings: Settings) -> Result<Self> {
        Self::open_with(store, settings, db::ALL).await
    }

    pub(crate) async fn open_with(store: &Store, settings: Settings, steps: &[db::Step]) -> Result<Self> {
        let db = db::open(store, settings.connections).await?;
        db::migrate(&db, steps).await?;
        let keys = Keys::open(&db).await?;
        let sorter = Arc::new(Mutex::new(Sorter::new(settings.hourly)));
        let (queue, writer) = Queue::start(db.clone(), Arc::clone(&sorter), settings.queue);
        Ok(Self { db, keys, settings, sorter, queue: Arc::new(queue), writer: Arc::new(Mutex::new(Some(writer))) })
    }

    /// Books what a sidecar tells, and answers with the key of its namespace. Answered once it is on disk. A call of an epoch
    /// that has given no number and is not closed books nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) and [`Error::NotYours`](crate::Error::NotYours): sending it again is of no
    /// use. [`Error::Busy`](crate::Error::Busy), [`Error::Closing`](crate::Error::Closing) and what the store says: it is.
    pub async fn append(&self, stamp: Stamp, batch: AppendRequest) -> Result<AppendResponse> {
        let user_key = self.keys.namespace(&stamp.namespace);
        let batch = Batch::new(stamp, batch)?;
        // A greeting makes no epoch; of one that is known it hears the number all the same.
        let books = !batch.says_nothing() || self.knows(&batch.epoch).await?;
        let through = if books { self.queue.append(batch).await? } else { 0 };
        Ok(AppendResponse { through, user_key })
    }

    /// Whether anything was ever told of an epoch.
    async fn knows(&self, epoch: &str) -> Result<bool> {
        let sql = "SELECT id FROM epochs WHERE epoch = $1";
        Ok(!self.db.read().await?.fetch(sql, &[Value::Text(epoch)]).await?.is_empty())
    }

    /// Answers a question. A user or a session that it names in clear is looked for by its hash in each namespace that the
    /// question is about.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) and [`Error::TooMuch`](crate::Error::TooMuch) say what to ask instead.
    pub async fn usage(&self, query: &Query) -> Result<Usage> {
        usage::asked(&self.db, &self.keys, query).await
    }

    /// What is missing, or may be, of the epochs of these namespaces (`None`: all). The last that was heard comes first.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn gaps(&self, namespaces: Option<&[String]>, now_ms: i64) -> Result<Vec<Gap>> {
        gaps::list(&self.db, namespaces, now_ms.saturating_sub(self.settings.silent_ms)).await
    }

    /// The record of an id that a caller was told, where it is in one of these namespaces (`None`: all).
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn generation(&self, id: &str, namespaces: Option<&[String]>) -> Result<Option<Generation>> {
        generation::find(&self.db, id, namespaces).await
    }

    /// The most expensive requests of a stretch of time, the most expensive first, at most 100.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn most_expensive(
        &self,
        since_ms: i64,
        until_ms: i64,
        namespaces: Option<&[String]>,
        limit: u32,
    ) -> Result<Vec<Generation>> {
        generation::most_expensive(&self.db, since_ms, until_ms, namespaces, limit).await
    }

    /// Figures by day, model and provider of whole days, in UTC.
    ///
    /// # Errors
    ///
    /// As [`Ledger::usage`].
    pub async fn activity(&self, since_ms: i64, until_ms: i64, namespaces: Option<&[String]>) -> Result<Vec<Activity>> {
        generation::activity(&self.db, since_ms, until_ms, namespaces).await
    }

    /// Takes a user out of every record of a namespace (`None`: of all), with the sessions of those records. Sums stay. The user
    /// is named in clear, or as records have it (`n:`, `h:` or `p:` and a hash, or `c:` and the word).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for an empty user; what the store says.
    pub async fn forget(&self, user: &str, namespace: Option<&str>) -> Result<Forgotten> {
        forget::forget(&self.db, &self.keys, user, namespace).await
    }

    /// Closes the months of a period that is over: what was booked in it never changes again. Months that are closed stay as
    /// they are. Answers all months of the period.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) where the period is not over; what the store says.
    pub async fn close(&self, period: Period, now_ms: i64) -> Result<Vec<Closed>> {
        close::close(&self.db, period, now_ms).await
    }

    /// The months that are closed, in order, with what was booked in them of these namespaces (`None`: of all).
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn closed(&self, namespaces: Option<&[String]>) -> Result<Vec<Closed>> {
        close::list(&self.db, namespaces).await
    }

    /// What another price would make of the records that are kept of a stretch of time. Nothing is booked.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn reprice_dry(&self, stretch: Stretch<'_>, pricer: &(impl Pricer + Sync)) -> Result<Repriced> {
        reprice::look(&self.db, stretch, pricer).await
    }

    /// Asks for the price of what is kept of a stretch of time once more, and books the differences as adjustments: what was
    /// booked stays beside them. Not to be dropped before its end: it holds numbers that a transaction has given.
    ///
    /// # Errors
    ///
    /// What the store says. What was done until then stays, and asking again does the rest.
    pub async fn reprice(&self, stretch: Stretch<'_>, pricer: &(impl Pricer + Sync), now_ms: i64) -> Result<Repriced> {
        reprice::reprice(&self.db, &self.sorter, stretch, pricer, now_ms).await
    }

    /// What has to be done now and then, such as each minute: what began in epochs that have been silent for too long is booked
    /// as unknown. How many attempts those were.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn settle(&self, now_ms: i64) -> Result<u64> {
        let mut sorter = self.sorter.lock().await;
        let settled = write::settle(&self.db, &mut sorter, now_ms.saturating_sub(self.settings.silent_ms)).await;
        if settled.is_err() {
            sorter.clear();
        }
        settled
    }

    /// Removes what has been kept for long enough, such as each hour: how many records and sums those were. The most expensive
    /// records of each month stay for as long as its sums.
    ///
    /// # Errors
    ///
    /// What the store says. What was done until then stays.
    pub async fn retain(&self, now_ms: i64) -> Result<u64> {
        retain::retain(&self.db, &self.settings, now_ms).await
    }

    /// Whether the store answers.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn ping(&self) -> Result<()> {
        self.db.read().await?.fetch("SELECT 1", &[]).await.map(drop)
    }

    /// Writes what waits, and lets the store go. Other handles answer [`Error::Closing`](crate::Error::Closing) from then on,
    /// or an error of the store.
    pub async fn shut(self) {
        let Self { db, queue, writer, .. } = self;
        queue.close().await;
        if let Some(writer) = writer.lock().await.take() {
            // A writer that panicked has said so.
            let _ = writer.await;
        }
        db.close().await;
    }
}
