//! The byte budget: all bodies held at one time share it, so that memory is bounded whatever callers send.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of one permit: a semaphore counts to 2^29, so whole kibibytes reach far enough.
const UNIT: usize = 1024;

/// A shared number of bytes.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
    total: u32,
}

/// A share of the budget; given back on drop.
#[derive(Debug, Default)]
pub(crate) struct Share(Option<OwnedSemaphorePermit>);

/// No share became free in time.
#[derive(Debug)]
pub(crate) struct Exhausted;

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let total = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX >> 3).max(1);
        Self { permits: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// `bytes`, if there is room and nobody waits, so that nobody gets past them. A single request may take the whole
    /// budget: it then runs alone.
    pub(crate) fn at_once(&self, bytes: usize) -> Option<Share> {
        let permit = self.permits.clone().try_acquire_many_owned(self.permits_for(bytes)).ok()?;
        Some(Share(Some(permit)))
    }

    /// Waits up to `patience` for `bytes`, first come first served.
    pub(crate) async fn wait(&self, bytes: usize, patience: Duration) -> Result<Share, Exhausted> {
        let wanted = self.permits.clone().acquire_many_owned(self.permits_for(bytes));
        let permit = tokio::time::timeout(patience, wanted).await;
        match permit {
            Ok(Ok(permit)) => Ok(Share(Some(permit))),
            _ => Err(Exhausted),
        }
    }

    fn permits_for(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.total)
    }

    /// More bytes for a body that turned out longer, without waiting: a request that holds a share must not queue
    /// behind others for more, or two of them could wait for each other for ever.
    pub(crate) fn grow(&self, share: &mut Share, bytes: usize) -> Result<(), Exhausted> {
        let wanted = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1);
        let more = self.permits.clone().try_acquire_many_owned(wanted).map_err(|_| Exhausted)?;
        match &mut share.0 {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }

    pub(crate) fn in_use(&self) -> usize {
        (self.total as usize - self.permits.available_permits()) * UNIT
    }
}
