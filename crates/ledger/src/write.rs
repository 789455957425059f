//! THE STORY of what sidecars tell, from a batch to the disk.
//!
//! Batches wait in a [`queue`]; what waits is written in one transaction, of which each batch is answered when it is on disk.
//! In the transaction:
//!
//! 1. the epochs of the batches are read and kept from others ([`epochs`]), and each entry is new or was here before;
//! 2. begun attempts meet their records ([`begun`]);
//! 3. what remains begun of an epoch that is over is booked as unknown;
//! 4. all that is booked now is put into sums ([`rolls`]), the records are written beside them;
//! 5. what came of each epoch is written.

mod batch;
mod begun;
mod epoch;
mod epochs;
mod queue;
mod records;
mod rolls;
mod settle;

use std::collections::HashMap;

pub(crate) use batch::Batch;
pub(crate) use queue::Queue;
pub(crate) use records::CLOCK_OFF;
pub(crate) use rolls::{Adjustment, Booking, Rolls, Sorter};
pub(crate) use settle::settle;

use crate::{
    db::Db,
    error::{Error, Result},
};
pub(crate) use epoch::{COLUMNS, Epoch};

/// Of each batch of a group: up to which number its epoch is on disk, or why it was not taken.
pub(crate) type Answers = Vec<Result<u64>>;

/// Writes a group of batches in one transaction.
///
/// A batch that is refused is answered so, and the others are written. An error: nothing was.
pub(crate) async fn group(db: &Db, sorter: &mut Sorter, batches: &[Batch]) -> Result<Answers> {
    let mut tx = db.write().await?;
    let mut rolls = Rolls::begin(&mut tx, db.words()).await?;
    let mut epochs = epochs::load(&mut tx, db.words(), batches).await?;
    let mut refused: HashMap<usize, Error> = HashMap::new();
    let mut told = batch::Told::default();
    for (at, batch) in batches.iter().enumerate() {
        let epoch = epochs
            .get_mut(&batch.epoch)
            .ok_or_else(|| Error::Corrupt("an epoch that was written is not there".into()))?;
        if let Err(why) = batch.take(epoch, &mut told) {
            refused.insert(at, why);
        }
    }
    begun::meet(&mut tx, &mut rolls, &mut told).await?;
    let bookings = records::book(&told, &mut rolls);
    let over: Vec<&mut Epoch> = epochs.values_mut().filter(|epoch| epoch.is_over()).collect();
    let booked = begun::unknown(&mut tx, &mut rolls, over).await?;
    let ids = rolls.assign(&mut tx, sorter).await?;
    records::write(&mut tx, &told, &bookings, &ids).await?;
    begun::mark(&mut tx, &booked, &ids).await?;
    rolls.write(&mut tx).await?;
    epochs::store(&mut tx, epochs.values()).await?;
    tx.commit().await?;
    let answer = |(at, batch): (usize, &Batch)| match refused.remove(&at) {
        Some(why) => Err(why),
        None => Ok(epochs.get(&batch.epoch).map_or(0, Epoch::through)),
    };
    Ok(batches.iter().enumerate().map(answer).collect())
}
