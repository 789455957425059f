//! Epochs that are over without having said so.

use super::{
    begun, epoch, epochs,
    rolls::{Rolls, Sorter},
};
use crate::{
    db::{Db, Value},
    error::Result,
};

/// Epochs of one transaction: writers wait while it runs.
const AT_ONCE: i64 = 256;

/// Books what remains begun of epochs of which nothing was heard since `before_ms` as unknown. How many attempts those were.
pub(crate) async fn settle(db: &Db, sorter: &mut Sorter, before_ms: i64) -> Result<u64> {
    let mut attempts = 0;
    loop {
        let mut tx = db.write().await?;
        let mut rolls = Rolls::begin(&mut tx, db.words()).await?;
        let sql = format!(
            "SELECT {} FROM epochs WHERE settled = 0 AND heard_ms < $1 ORDER BY epoch LIMIT $2{}",
            epoch::COLUMNS,
            db.words().for_update
        );
        let rows = tx.fetch(&sql, &[Value::Int(before_ms), Value::Int(AT_ONCE)]).await?;
        let mut found =
            rows.into_iter().map(|mut row| epoch::Epoch::from_cells(&mut row)).collect::<Result<Vec<_>>>()?;
        if found.is_empty() {
            return Ok(attempts);
        }
        let booked = begun::unknown(&mut tx, &mut rolls, found.iter_mut().collect()).await?;
        let ids = rolls.assign(&mut tx, sorter).await?;
        begun::mark(&mut tx, &booked, &ids).await?;
        rolls.write(&mut tx).await?;
        epochs::store(&mut tx, found.iter()).await?;
        tx.commit().await?;
        attempts += u64::try_from(booked.len()).unwrap_or(u64::MAX);
    }
}
