//! Batches that wait, written together: one transaction and one wait for the disk for all that came while the last was written.

use std::sync::Arc;

use prost::Message as _;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};

use super::{Batch, Sorter, group};
use crate::{
    db::Db,
    error::{Error, Result},
};

/// Entries of one transaction, about: readers and the answer to the first wait for all of it.
const MOST_ENTRIES: usize = 8_192;
/// Bytes that may wait, in KiB.
const MOST_KIB: usize = 64 * 1024;
/// Tries of a transaction that another one stood in the way of.
const TRIES: u32 = 5;

/// Where batches wait.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Taken away when the ledger is shut.
    to: Mutex<Option<mpsc::Sender<Waiting>>>,
    room: Arc<Semaphore>,
    length: usize,
}

struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Result<u64>>,
    _room: OwnedSemaphorePermit,
}

impl Queue {
    /// Starts the writer. It ends when the queue is dropped and empty.
    pub(crate) fn start(db: Db, sorter: Arc<Mutex<Sorter>>, length: usize) -> (Self, JoinHandle<()>) {
        let length = length.max(1);
        let (to, from) = mpsc::channel(length);
        let writer = tokio::spawn(write(db, sorter, from));
        (Self { to: Mutex::new(Some(to)), room: Arc::new(Semaphore::new(MOST_KIB)), length }, writer)
    }

    /// Has a batch written: up to which number its epoch is on disk. Refused at once where too much waits already.
    pub(crate) async fn append(&self, batch: Batch) -> Result<u64> {
        let kib = u32::try_from(batch.request.encoded_len() / 1024 + 1).unwrap_or(u32::MAX);
        let to = self.to.lock().await.clone().ok_or(Error::Closing)?;
        let busy = || Error::Busy(self.length - to.capacity());
        let room = Arc::clone(&self.room).try_acquire_many_owned(kib).map_err(|_| busy())?;
        let (answer, answered) = oneshot::channel();
        to.try_send(Waiting { batch, answer, _room: room }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => busy(),
            mpsc::error::TrySendError::Closed(_) => Error::Closing,
        })?;
        // The writer ends when nobody can send any more.
        drop(to);
        answered.await.unwrap_or(Err(Error::Closing))
    }
}

impl Queue {
    /// Takes nothing any more. What waits is still written.
    pub(crate) async fn close(&self) {
        self.to.lock().await.take();
    }
}

async fn write(db: Db, sorter: Arc<Mutex<Sorter>>, mut from: mpsc::Receiver<Waiting>) {
    while let Some(first) = from.recv().await {
        let mut entries = first.batch.request.entries.len();
        let mut waiting = vec![first];
        while entries < MOST_ENTRIES
            && let Ok(next) = from.try_recv()
        {
            entries += next.batch.request.entries.len();
            waiting.push(next);
        }
        let (batches, answers): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.batch, (waiting.answer, waiting._room))).unzip();
        let mut sorter = sorter.lock().await;
        let written = match tried(&db, &mut sorter, &batches).await {
            Ok(written) => written,
            Err(why) if batches.len() == 1 || is_away(&why) => batches.iter().map(|_| Err(why.clone())).collect(),
            // One of them may be what the store does not take: the others do not pay for it.
            Err(_) => {
                let mut written = Vec::with_capacity(batches.len());
                for batch in batches.chunks(1) {
                    let one = tried(&db, &mut sorter, batch).await;
                    written.push(one.and_then(|mut answers| answers.pop().unwrap_or(Err(Error::Closing))));
                }
                written
            }
        };
        drop(sorter);
        for ((answer, _room), written) in answers.into_iter().zip(written) {
            // Who asked may have left.
            let _ = answer.send(written);
        }
    }
}

/// Writes a group, once more where another transaction stood in the way.
async fn tried(db: &Db, sorter: &mut Sorter, batches: &[Batch]) -> Result<super::Answers> {
    let mut tries = 1;
    loop {
        match group(db, sorter, batches).await {
            Ok(answers) => return Ok(answers),
            Err(why) => {
                sorter.clear();
                if tries == TRIES || !is_passing(&why) {
                    return Err(why);
                }
                tries += 1;
            }
        }
    }
}

/// PostgreSQL's `serialization_failure`, `deadlock_detected`.
pub(crate) fn is_passing(why: &Error) -> bool {
    let Error::Store(error) = why else { return false };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(&*code, "40001" | "40P01"))
}

/// The store is not there or has no room: trying each batch by itself would be of no use.
fn is_away(why: &Error) -> bool {
    let Error::Store(error) = why else { return false };
    let Some(code) = error.as_database_error().and_then(|error| error.code()) else { return true };
    // SQLite's busy, I/O, corrupt, full, cannot open, not a database; PostgreSQL's classes of resources, operators and systems.
    let sqlite = code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 10 | 11 | 13 | 14 | 26));
    code.len() != 5 && sqlite
        || code.len() == 5 && ["53", "57", "58", "08", "XX"].iter().any(|class| code.starts_with(class))
}
