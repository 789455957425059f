//! What another price makes of old records.

use std::collections::HashMap;

use outrigger_api::ledger::{Cost, CostSource, Record, Target, Tokens};
use prost::Message as _;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    book::{self, Part},
    db::{Cells, Db, Tx, Value},
    error::{Error, Result},
    sums::{Delta, Source},
    time,
    write::{Adjustment, Booking, Rolls, Sorter},
};

/// A price that was found for an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Nano-dollars.
    pub nano: u64,
    /// The row of the price list, and its version.
    pub row: String,
    /// A part of it has no price.
    pub partial: bool,
}

/// Who knows prices.
pub trait Pricer {
    /// What these tokens cost there, at that moment (milliseconds since 1970). `None`: nobody knows, and what is booked stays.
    fn price(&self, target: &Target, tokens: &Tokens, at_ms: i64) -> Option<Priced>;
}

/// What a re-pricing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repriced {
    /// Attempts whose cost is another now.
    pub changed: u64,
    /// What they cost before, in nano-dollars; those without a price cost nothing.
    pub before_nano: i128,
    /// What they cost now, in nano-dollars.
    pub after_nano: i128,
}

/// Changes of one transaction: writers wait while it runs.
const AT_ONCE: usize = 5_000;

/// An attempt's cost by today's knowledge, where it is not as it was booked.
struct Last {
    turn: i64,
    nano: i64,
    partial: bool,
    row: String,
    series: i64,
}

/// An attempt that costs something else now.
struct Change {
    key: (i64, i64, i64),
    turn: i64,
    at_ms: i64,
    old: Part,
    old_series: i64,
    new: Part,
    row: String,
}

pub(crate) async fn reprice(
    db: &Db,
    sorter: &Mutex<Sorter>,
    since_ms: i64,
    until_ms: i64,
    pricer: &(impl Pricer + Sync),
    now_ms: i64,
) -> Result<Repriced> {
    let mut done = Repriced::default();
    let bounds = [Value::Int(time::day(since_ms.max(0))), Value::Int(time::day(until_ms.max(0)))];
    let sql = "SELECT DISTINCT day FROM records WHERE day >= $1 AND day <= $2 ORDER BY day";
    let days = db.read().await?.fetch(sql, &bounds).await?;
    for mut row in days {
        let day = row.int()?;
        // What was written is no change when it is looked at again.
        loop {
            let changes = changes(db, day, since_ms, until_ms, pricer).await?;
            for some in changes.chunks(AT_ONCE) {
                let mut sorter = sorter.lock().await;
                let written = write(db, &mut sorter, some, now_ms).await;
                if written.is_err() {
                    sorter.clear();
                }
                written?;
                for change in some {
                    done.changed += 1;
                    done.before_nano += i128::from(change.old.delta.nano);
                    done.after_nano += i128::from(change.new.delta.nano);
                }
            }
            if changes.len() < MOST_CHANGES {
                break;
            }
        }
    }
    Ok(done)
}

/// Changes that are held at one time.
const MOST_CHANGES: usize = 50_000;

async fn changes(
    db: &Db,
    day: i64,
    since_ms: i64,
    until_ms: i64,
    pricer: &(impl Pricer + Sync),
) -> Result<Vec<Change>> {
    let mut tx = db.read().await?;
    let last = last(&mut tx, day).await?;
    let mut changes = Vec::new();
    let sql = "SELECT r.epoch, r.seq, r.at_ms, r.series, e.namespace, r.body \
               FROM records r JOIN epochs e ON e.id = r.epoch WHERE r.day = $1 AND r.at_ms >= $2 AND r.at_ms < $3";
    tx.rows(sql, &[Value::Int(day), Value::Int(since_ms), Value::Int(until_ms)], |row| {
        if changes.len() < MOST_CHANGES {
            of_record(row, &last, pricer, &mut changes)?;
        }
        Ok(())
    })
    .await?;
    Ok(changes)
}

/// What re-pricings made of a day's attempts so far.
async fn last(tx: &mut Tx, day: i64) -> Result<HashMap<(i64, i64, i64), Last>> {
    let sql =
        "SELECT epoch, seq, attempt, turn, nano, partial, price_row, series FROM reprices WHERE day = $1 ORDER BY turn";
    let mut last = HashMap::new();
    for mut row in tx.fetch(sql, &[Value::Int(day)]).await? {
        let key = (row.int()?, row.int()?, row.int()?);
        let [turn, nano, partial] = [row.int()?, row.int()?, row.int()?];
        last.insert(key, Last { turn, nano, partial: partial != 0, row: row.text()?, series: row.int()? });
    }
    Ok(last)
}

fn of_record(
    mut row: Cells,
    last: &HashMap<(i64, i64, i64), Last>,
    pricer: &impl Pricer,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let (epoch, seq, at_ms) = (row.int()?, row.int()?, row.int()?);
    let series = row.text()?;
    let namespace = row.text()?;
    let booked =
        Record::decode(row.bytes()?.as_slice()).map_err(|_| Error::Corrupt("a record that cannot be read".into()))?;
    let mut series = series.split(',');
    for at in 0..booked.attempts.len() {
        let booked_series: i64 = series
            .next()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| Error::Corrupt("a record that is booked under fewer series than it has attempts".into()))?;
        let attempt = &booked.attempts[at];
        let (Some(target), Some(tokens)) = (&attempt.target, &attempt.tokens) else { continue };
        // The provider's word and the operator's own price stand.
        if !matches!(book::source(attempt), Source::Unpriced | Source::Catalog) {
            continue;
        }
        let Some(priced) = pricer.price(target, tokens, at_ms) else { continue };
        let key = (epoch, seq, i64::try_from(at).unwrap_or(i64::MAX));
        let before = last.get(&key);
        let part = |cost: Option<Cost>| -> Option<Part> {
            let mut record = booked.clone();
            if cost.is_some() {
                record.attempts[at].cost = cost;
            }
            book::parts(&namespace, &record).into_iter().nth(at)
        };
        let catalog = |nano_usd, row: &str, partial| Cost {
            nano_usd,
            source: CostSource::Catalog.into(),
            row: row.to_owned(),
            estimate: None,
            partial,
        };
        let old_cost = before.map(|last| catalog(u64::try_from(last.nano).unwrap_or(0), &last.row, last.partial));
        let (Some(old), Some(new)) = (part(old_cost), part(Some(catalog(priced.nano, &priced.row, priced.partial))))
        else {
            continue;
        };
        if old == new {
            continue;
        }
        changes.push(Change {
            key,
            turn: before.map_or(0, |last| last.turn + 1),
            at_ms,
            old,
            old_series: before.map_or(booked_series, |last| last.series),
            new,
            row: priced.row,
        });
    }
    Ok(())
}

async fn write(db: &Db, sorter: &mut Sorter, changes: &[Change], now_ms: i64) -> Result<()> {
    /// Where the new cost stands.
    enum To {
        Same(i64),
        Other(Booking),
    }
    let mut tx = db.write().await?;
    let mut rolls = Rolls::begin(&mut tx, db.words()).await?;
    let mut moved = Vec::with_capacity(changes.len());
    for change in changes {
        let Change { at_ms, old, old_series, new, .. } = change;
        let less = old.delta.negated();
        let to = if old.series == new.series {
            let more = new.delta.plus(less).unwrap_or_else(Delta::default);
            rolls.add_as(*at_ms, *old_series, more, Adjustment::Price)?;
            To::Same(*old_series)
        } else {
            rolls.add_as(*at_ms, *old_series, less, Adjustment::Price)?;
            To::Other(rolls.reprice(*at_ms, new.series.clone(), new.delta))
        };
        moved.push(to);
    }
    let ids = rolls.assign(&mut tx, sorter).await?;
    let mut values = Vec::with_capacity(changes.len() * 12);
    for (change, to) in changes.iter().zip(moved) {
        let (epoch, seq, attempt) = change.key;
        let series = match to {
            To::Same(series) => series,
            To::Other(booking) => ids.of(booking),
        };
        values.extend([epoch, seq, attempt, change.turn, time::day(change.at_ms), now_ms].map(Value::Int));
        values.extend([change.old.delta.nano, change.new.delta.nano, change.new.delta.partial].map(Value::Int));
        values.extend([Value::Text(change.new.series.source), Value::Text(&change.row), Value::Int(series)]);
    }
    let head = "INSERT INTO reprices (epoch, seq, attempt, turn, day, at_ms, before_nano, nano, partial, source, price_row, series)";
    tx.insert(head, 12, &values, "").await?;
    rolls.write(&mut tx).await?;
    tx.commit().await
}
