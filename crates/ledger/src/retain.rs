//! What has been kept for long enough.

use crate::{
    db::{Db, Value},
    error::Result,
    settings::Settings,
    time,
};

/// The most expensive records of a month, which are kept for as long as its sums: reports are written after the quarter.
const KEPT: i64 = 50;
/// Rows of one transaction: writers wait while it runs.
const AT_ONCE: i64 = 5_000;

pub(crate) async fn retain(db: &Db, settings: &Settings, now_ms: i64) -> Result<u64> {
    let oldest_month = time::month(now_ms) - settings.months;
    let mut removed = records(db, time::day(now_ms.saturating_sub(settings.records_ms)), oldest_month).await?;
    let sums_end = time::month_start(oldest_month);
    for (span, start) in [(0, time::hour(sums_end)), (1, time::day(sums_end)), (2, oldest_month)] {
        removed += rollups(db, span, start).await?;
    }
    let before = Value::Int(now_ms.saturating_sub(settings.records_ms));
    let mut tx = db.write().await?;
    // An attempt whose record has not come for so long is unknown for good: its sum stays.
    removed += tx.execute("DELETE FROM begun WHERE booked = 1 AND at_ms < $1", &[before]).await?;
    removed += tx.execute("DELETE FROM reprices WHERE day < $1", &[Value::Int(time::day(sums_end))]).await?;
    removed += tx.execute("DELETE FROM epochs WHERE settled = 1 AND heard_ms < $1", &[Value::Int(sums_end)]).await?;
    tx.commit().await?;
    Ok(removed)
}

/// Removes the records of days before this one, but for the dearest of each month since the oldest.
async fn records(db: &Db, before: i64, oldest_month: i64) -> Result<u64> {
    let mut removed = 0;
    let mut tx = db.read().await?;
    let days = tx.fetch("SELECT DISTINCT day FROM records WHERE day < $1 ORDER BY day", &[Value::Int(before)]).await?;
    drop(tx);
    for mut row in days {
        let day = row.int()?;
        let month = time::month(day.saturating_mul(time::DAY_MS));
        let kept = if month < oldest_month { i64::MAX } else { least_kept(db, month).await? };
        loop {
            let mut tx = db.write().await?;
            let sql = format!(
                "DELETE FROM records WHERE {ROW} IN (SELECT {ROW} FROM records WHERE day = $1 AND nano < $2 LIMIT {AT_ONCE})",
                ROW = db.words().row
            );
            let rows = tx.execute(&sql, &[Value::Int(day), Value::Int(kept)]).await?;
            tx.commit().await?;
            removed += rows;
            if rows == 0 {
                break;
            }
        }
    }
    Ok(removed)
}

/// What a record of a month must cost to be among its dearest.
async fn least_kept(db: &Db, month: i64) -> Result<i64> {
    let day = |month| time::day(time::month_start(month));
    let mut dearest = Vec::new();
    let mut tx = db.read().await?;
    for day in day(month)..day(month + 1) {
        let sql = format!("SELECT nano FROM records WHERE day = $1 ORDER BY nano DESC LIMIT {KEPT}");
        for mut row in tx.fetch(&sql, &[Value::Int(day)]).await? {
            dearest.push(row.int()?);
        }
    }
    dearest.sort_unstable_by(|one, other| other.cmp(one));
    // What cost nothing is not dear, however few there are.
    Ok(dearest.get(KEPT as usize - 1).copied().unwrap_or(1).max(1))
}

async fn rollups(db: &Db, span: i64, before: i64) -> Result<u64> {
    let mut removed = 0;
    loop {
        let mut tx = db.write().await?;
        let sql = format!(
            "DELETE FROM rollups WHERE (span, start, adjustment, series) IN \
             (SELECT span, start, adjustment, series FROM rollups WHERE span = $1 AND start < $2 LIMIT {AT_ONCE})"
        );
        let rows = tx.execute(&sql, &[Value::Int(span), Value::Int(before)]).await?;
        tx.commit().await?;
        removed += rows;
        if rows == 0 {
            return Ok(removed);
        }
    }
}
