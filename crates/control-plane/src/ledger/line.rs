//! The line before the books: who may stand in it. Those who have a place are booked together, as many as come during one
//! commit, by the books themselves.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::push::status::{Code, Status};

/// Batches that are read and booked at one time, and so the most of one commit: each is at most a megabyte, and three times
/// that once it is taken apart.
const AT_ONCE: usize = 64;
/// Callers that wait until they may send: nothing of theirs is held but what HTTP/2 lets a peer send unasked.
const WAITING: usize = 1024;
/// How long they do: a sidecar keeps what it has and comes again.
const PATIENCE: Duration = Duration::from_secs(5);
/// When to come again.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// The line.
#[derive(Debug)]
pub(super) struct Line {
    turns: Semaphore,
    room: Semaphore,
}

/// A place in it.
pub(super) type Place<'a> = SemaphorePermit<'a>;

impl Line {
    pub(super) fn new() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), room: Semaphore::new(WAITING) }
    }

    /// Waits until a batch may be read. The place is had until it is dropped.
    ///
    /// # Errors
    ///
    /// If too many wait, or for too long: with when to come again.
    pub(super) async fn place(&self) -> Result<Place<'_>, Status> {
        let full = || Status {
            pushback: Some(AGAIN),
            ..Status::new(Code::ResourceExhausted, "ledger_busy: too many batches wait to be booked")
        };
        let _waits = self.room.try_acquire().map_err(|_| full())?;
        match timeout(PATIENCE, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(full()),
        }
    }

    /// Callers in it, with those whose turn it is.
    pub(super) fn len(&self) -> usize {
        let waits = WAITING.saturating_sub(self.room.available_permits());
        waits + AT_ONCE.saturating_sub(self.turns.available_permits())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// So many are booked at one time and so many wait; whoever comes then, or waits too long, is told when to come again.
    #[tokio::test(start_paused = true)]
    async fn only_so_many_stand_in_line() {
        let line = Arc::new(Line::new());
        let calls: Vec<_> = (0..2000)
            .map(|_| {
                let line = line.clone();
                tokio::spawn(async move {
                    let place = line.place().await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    drop(place);
                    Ok::<_, Status>(())
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(line.len(), AT_ONCE + WAITING);
        let mut done = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(()) => done += 1,
                Err(status) => assert_eq!((status.code, status.pushback), (Code::ResourceExhausted, Some(AGAIN))),
            }
        }
        // One turn a second, for as long as anybody waits.
        assert!((5 * AT_ONCE..=6 * AT_ONCE).contains(&done), "{done}");
        assert_eq!(line.len(), 0);
    }
}
