//! The memory for bodies: all bodies held at one time share it, so that memory is bounded whatever callers send (H4, H5).
//!
//! Small bodies have a lane of their own, so that they never wait for large ones; large ones hold what has come of them.
//! Each byte is counted twice: as it came, and as it is sent.

mod lane;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::lock::lock;
use lane::{Asked, LIVELY, Lane};

/// Bytes of one permit: a semaphore counts to 2^29, so whole kibibytes reach far enough.
const UNIT: usize = 1024;

/// The longest body that counts as small, in bytes: most prompts of text are shorter.
pub(crate) const SMALL: usize = 64 << 10;

/// The part of the memory that large bodies never get.
const SMALLS_PART: usize = 4;

/// A large body is given room in steps of so many bytes, as it comes.
const STEP: usize = 64 << 10;

/// Who has sent nothing for so long is overtaken, among answers.
const FAR: Duration = Duration::from_secs(5);

/// How often each byte is counted.
const TIMES: usize = 2;

/// A shared number of bytes.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    small: Arc<Semaphore>,
    /// Permits of `small`.
    smalls: usize,
    large: Arc<Large>,
}

#[derive(Debug)]
struct Large {
    lane: Mutex<Lane>,
    began: Instant,
}

/// A share of the memory; given back on drop.
#[derive(Debug, Default)]
pub(crate) struct Share {
    small: Option<OwnedSemaphorePermit>,
    large: Option<Box<Place>>,
}

/// A body in the lane of the large ones.
#[derive(Debug)]
struct Place {
    large: Arc<Large>,
    number: u64,
    wake: Arc<Notify>,
    /// Room for so many bytes has been given.
    room: usize,
}

/// No share became free in time.
#[derive(Debug)]
pub(crate) struct Spent;

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        Self::with(bytes, LIVELY)
    }

    /// One for what comes from far away, where a pause means less: who is overtaken in the middle of an answer may lose it.
    pub(crate) fn of_answers(bytes: usize) -> Self {
        Self::with(bytes, FAR)
    }

    fn with(bytes: usize, lively: Duration) -> Self {
        let smalls = (bytes / SMALLS_PART / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        let lane = Mutex::new(Lane::new((bytes - bytes / SMALLS_PART).max(1), lively));
        let large = Arc::new(Large { lane, began: Instant::now() });
        Self { small: Arc::new(Semaphore::new(smalls)), smalls, large }
    }

    /// Room for a small body of `length` bytes, if there is any and nobody waits for it.
    pub(crate) fn at_once(&self, length: usize) -> Option<Share> {
        let permit = self.small.clone().try_acquire_many_owned(self.permits(length)?).ok()?;
        Some(Share { small: Some(permit), large: None })
    }

    /// Makes `share` one for a body of which `came` bytes have come, of `announced` in all where that is known. Waits for at
    /// most `patience`, of which what was used up is taken.
    pub(crate) async fn grow(
        &self,
        share: &mut Share,
        came: usize,
        announced: Option<usize>,
        patience: &mut Duration,
    ) -> Result<(), Spent> {
        if let Some(place) = &share.large {
            if came <= place.room {
                return Ok(());
            }
        } else if let Some(permits) = self.permits(announced.unwrap_or(came).max(came)) {
            let held = share.small.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) as u32;
            if permits <= held {
                return Ok(());
            }
            // Doubled where nobody knows how long it will be.
            let wanted = if announced.is_some() { permits } else { permits.max(2 * held).min(self.smalls as u32) };
            if let Some(more) = self.small(wanted - held, patience).await {
                match &mut share.small {
                    Some(permit) => permit.merge(more),
                    none => *none = Some(more),
                }
                return Ok(());
            }
        }
        // Where nobody knows how long it will be, it may be twice as long as it is.
        let whole = announced.unwrap_or(2 * came.max(STEP)).max(came);
        let place = share.large.get_or_insert_with(|| Box::new(Place::join(&self.large)));
        place.grow((came + STEP).min(whole), whole, patience).await?;
        // What it held among the small ones, it holds among the large ones now.
        share.small = None;
        Ok(())
    }

    /// Permits for a small body: those that there are, else those that come free, unless large ones have room that nobody
    /// waits for (`None`).
    async fn small(&self, permits: u32, patience: &mut Duration) -> Option<OwnedSemaphorePermit> {
        let semaphore = self.small.clone();
        if let Ok(permit) = semaphore.clone().try_acquire_many_owned(permits) {
            return Some(permit);
        }
        if lock(&self.large.lane).spare() >= permits as usize * UNIT {
            return None;
        }
        let begun = Instant::now();
        let waited = timeout(*patience, semaphore.acquire_many_owned(permits)).await;
        *patience = patience.saturating_sub(begun.elapsed());
        waited.ok()?.ok()
    }

    /// `None`: it is not small.
    fn permits(&self, length: usize) -> Option<u32> {
        let permits = (TIMES * length).div_ceil(UNIT).max(1);
        u32::try_from(permits.min(self.smalls)).ok().filter(|_| length <= SMALL)
    }

    pub(crate) fn in_use(&self) -> usize {
        (self.smalls - self.small.available_permits()) * UNIT + lock(&self.large.lane).in_use()
    }
}

impl Share {
    /// All of the body has come.
    pub(crate) fn came(&self) {
        if let Some(place) = &self.large {
            lock(&place.large.lane).came(place.number);
        }
    }

    /// The body is sent as it is held: a large one gives back what was kept for a copy. Only the first time does anything.
    pub(crate) fn uncopied(&self) {
        if let Some(place) = &self.large {
            lock(&place.large.lane).halve(place.number);
        }
    }
}

impl Place {
    fn join(large: &Arc<Large>) -> Self {
        let (number, wake) = lock(&large.lane).join(large.began.elapsed());
        Self { large: large.clone(), number, wake, room: 0 }
    }

    /// Room for `room` bytes, of a body that will have `whole`.
    async fn grow(&mut self, room: usize, whole: usize, patience: &mut Duration) -> Result<(), Spent> {
        loop {
            let asked = {
                let mut lane = lock(&self.large.lane);
                let asked = lane.ask(self.number, room * TIMES, whole * TIMES, self.large.began.elapsed());
                if asked == Asked::Granted {
                    lane.wake_first();
                }
                asked
            };
            match asked {
                Asked::Granted => {
                    self.room = room;
                    return Ok(());
                }
                Asked::Refused => return Err(Spent),
                Asked::Wait if patience.is_zero() => return Err(Spent),
                Asked::Wait => {}
            }
            // Now and then also without being woken: that others fall silent is told by nobody.
            let begun = Instant::now();
            drop(timeout(LIVELY.min(*patience), self.wake.notified()).await);
            *patience = patience.saturating_sub(begun.elapsed());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.large.lane).leave(self.number);
    }
}

#[cfg(test)]
mod tests;
