//! What another price makes of old records.

mod report;

use std::collections::{HashMap, HashSet};

use outrigger_api::ledger::{Cost, CostSource, Record, Target, Tokens};
use prost::Message as _;
use tokio::sync::Mutex;

use report::Changed;
pub use report::{Repriced, RepricedModel};

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

/// What is to be priced again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// From when on, in milliseconds since 1970.
    pub since_ms: i64,
    /// Until when, in milliseconds since 1970, not itself.
    pub until_ms: i64,
    /// Of this namespace; `None`: of all.
    pub namespace: Option<&'a str>,
}

/// Changes of one transaction: writers wait while it runs.
const AT_ONCE: usize = 5_000;

/// Which attempt: its epoch, the number of its record, its place in it.
type Key = (i64, i64, i64);

/// An attempt's cost by today's knowledge, where it is not as it was booked.
pub(crate) struct Last {
    turn: i64,
    nano: i64,
    partial: bool,
    row: String,
    series: i64,
}

/// An attempt that costs something else now.
struct Change {
    key: Key,
    turn: i64,
    at_ms: i64,
    old: Part,
    old_series: i64,
    new: Part,
    row: String,
}

impl Change {
    /// What is told of it.
    fn told(&self, closed: &HashSet<i64>) -> Changed<'_> {
        let (epoch, sequence, _) = self.key;
        Changed {
            record: (epoch, sequence),
            closed: closed.contains(&time::month(self.at_ms)),
            series: &self.new.series,
            unpriced: self.old.series.source == Source::Unpriced.as_str(),
            before_nano: self.old.delta.nano.into(),
            after_nano: self.new.delta.nano.into(),
        }
    }
}

/// What other prices would make of a stretch. Nothing is written.
pub(crate) async fn look(db: &Db, stretch: Stretch<'_>, pricer: &(impl Pricer + Sync)) -> Result<Repriced> {
    let (mut found, closed) = (Repriced::default(), closed(db).await?);
    for day in days(db, stretch).await? {
        each(db, day, stretch, pricer, |change| found.add(&change.told(&closed))).await?;
    }
    Ok(found)
}

/// Books what other prices make of a stretch.
pub(crate) async fn reprice(
    db: &Db,
    sorter: &Mutex<Sorter>,
    stretch: Stretch<'_>,
    pricer: &(impl Pricer + Sync),
    now_ms: i64,
) -> Result<Repriced> {
    let mut done = Repriced::default();
    for day in days(db, stretch).await? {
        // What was written is no change when it is looked at again.
        loop {
            let mut changes = Vec::new();
            each(db, day, stretch, pricer, |change| {
                if changes.len() < MOST_CHANGES {
                    changes.push(change);
                }
            })
            .await?;
            for some in changes.chunks(AT_ONCE) {
                let mut sorter = sorter.lock().await;
                let written = write(db, &mut sorter, some, now_ms).await;
                if written.is_err() {
                    sorter.clear();
                }
                written?;
                drop(sorter);
                let closed = closed(db).await?;
                some.iter().for_each(|change| done.add(&change.told(&closed)));
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

/// Days of the stretch that have records.
async fn days(db: &Db, Stretch { since_ms, until_ms, .. }: Stretch<'_>) -> Result<Vec<i64>> {
    let bounds = [Value::Int(time::day(since_ms.max(0))), Value::Int(time::day(until_ms.max(0)))];
    let sql = "SELECT DISTINCT day FROM records WHERE day >= $1 AND day <= $2 ORDER BY day";
    db.read().await?.fetch(sql, &bounds).await?.into_iter().map(|mut row| row.int()).collect()
}

/// Months that are closed, since the year 0.
async fn closed(db: &Db) -> Result<HashSet<i64>> {
    let rows = db.read().await?.fetch("SELECT month FROM closed", &[]).await?;
    rows.into_iter().map(|mut row| row.int()).collect()
}

/// All attempts of a day that cost something else now.
async fn each(
    db: &Db,
    day: i64,
    Stretch { since_ms, until_ms, namespace }: Stretch<'_>,
    pricer: &(impl Pricer + Sync),
    mut found: impl FnMut(Change),
) -> Result<()> {
    let mut tx = db.read().await?;
    let last = last(&mut tx, day, day, MOST_LAST).await?;
    let mut values = vec![Value::Int(day), Value::Int(since_ms), Value::Int(until_ms)];
    values.extend(namespace.map(Value::Text));
    let within = if namespace.is_some() { " AND e.namespace = $4" } else { "" };
    let sql = format!(
        "SELECT r.epoch, r.seq, r.at_ms, r.series, e.namespace, r.body \
         FROM records r JOIN epochs e ON e.id = r.epoch WHERE r.day = $1 AND r.at_ms >= $2 AND r.at_ms < $3{within}"
    );
    tx.rows(&sql, &values, |row| of_record(row, &last, pricer, &mut found)).await
}

/// Attempts with another price than they were booked with, of the days that are looked at together.
const MOST_LAST: i64 = 5_000_000;

/// What re-pricings made of the attempts of some days so far.
pub(crate) async fn last(tx: &mut Tx, first: i64, to: i64, most: i64) -> Result<HashMap<Key, Last>> {
    let sql = "SELECT epoch, seq, attempt, turn, nano, partial, price_row, series FROM reprices \
               WHERE day >= $1 AND day <= $2 ORDER BY turn LIMIT $3";
    let mut last = HashMap::new();
    let rows = tx.fetch(sql, &[Value::Int(first), Value::Int(to), Value::Int(most + 1)]).await?;
    if rows.len() as i64 > most {
        return Err(Error::TooMuch(format!("more than {most} attempts have another price: ask for a shorter time")));
    }
    for mut row in rows {
        let key = (row.int()?, row.int()?, row.int()?);
        let [turn, nano, partial] = [row.int()?, row.int()?, row.int()?];
        last.insert(key, Last { turn, nano, partial: partial != 0, row: row.text()?, series: row.int()? });
    }
    Ok(last)
}

/// What is added to a record's parts by other prices: the old parts taken away, and the new ones.
pub(crate) fn adjusted(
    namespace: &str,
    record: &Record,
    (epoch, seq): (i64, i64),
    last: &HashMap<Key, Last>,
) -> Vec<Part> {
    let mut adjusted = Vec::new();
    if last.is_empty() {
        return adjusted;
    }
    for at in 0..record.attempts.len() {
        let key = (epoch, seq, i64::try_from(at).unwrap_or(i64::MAX));
        if let Some(last) = last.get(&key)
            && let (Some(old), Some(new)) =
                (part(namespace, record, at, None), part(namespace, record, at, Some(last.cost())))
        {
            adjusted.push(Part { delta: old.delta.negated(), ..old });
            adjusted.push(new);
        }
    }
    adjusted
}

impl Last {
    fn cost(&self) -> Cost {
        listed(u64::try_from(self.nano).unwrap_or(0), &self.row, self.partial)
    }
}

/// A cost that is the price list's word.
fn listed(nano_usd: u64, row: &str, partial: bool) -> Cost {
    Cost { nano_usd, source: CostSource::Catalog.into(), row: row.to_owned(), estimate: None, partial }
}

/// What an attempt of a record is counted as, if that was its cost.
fn part(namespace: &str, record: &Record, at: usize, cost: Option<Cost>) -> Option<Part> {
    let mut record = record.clone();
    if cost.is_some() {
        record.attempts.get_mut(at)?.cost = cost;
    }
    book::parts(namespace, &record).into_iter().nth(at)
}

fn of_record(
    mut row: Cells,
    last: &HashMap<Key, Last>,
    pricer: &impl Pricer,
    found: &mut impl FnMut(Change),
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
        let new = part(&namespace, &booked, at, Some(listed(priced.nano, &priced.row, priced.partial)));
        let (Some(old), Some(new)) = (part(&namespace, &booked, at, before.map(Last::cost)), new) else { continue };
        if old == new {
            continue;
        }
        found(Change {
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
