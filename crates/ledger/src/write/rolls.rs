//! Sums of hours, days and months, written in the transaction of what they count.

mod sorter;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use sorter::Sorter;

use crate::{
    db::{Tx, Value, Words},
    error::{Error, Result},
    series::Series,
    sums::{Delta, MEASURES},
    time,
};

/// Where a sum stands beside what was booked at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i64)]
pub(crate) enum Adjustment {
    /// As booked.
    None = 0,
    /// Came after the month was closed.
    Late = 1,
    /// Another price.
    Price = 2,
}

/// Something that is booked in this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Booking(usize);

/// What every booking was put under.
#[derive(Debug)]
pub(crate) struct Ids(Vec<i64>);

impl Ids {
    pub(crate) fn of(&self, booking: Booking) -> i64 {
        self.0.get(booking.0).copied().unwrap_or(0)
    }
}

/// What a transaction adds to the sums.
#[derive(Debug)]
pub(crate) struct Rolls {
    closed: BTreeSet<i64>,
    bookings: Vec<(i64, Series, Delta, Option<Adjustment>)>,
    /// By span, start, adjustment and series.
    sums: BTreeMap<(i64, i64, i64, i64), Delta>,
}

impl Rolls {
    /// Reads which months are closed, and keeps them from changing.
    pub(crate) async fn begin(tx: &mut Tx, words: Words) -> Result<Self> {
        if let Some(sql) = words.share_closing {
            tx.fetch(sql, &[]).await?;
        }
        let rows = tx.fetch("SELECT month FROM closed", &[]).await?;
        let closed = rows.into_iter().map(|mut row| row.int()).collect::<Result<_>>()?;
        Ok(Self { closed, bookings: Vec::new(), sums: BTreeMap::new() })
    }

    /// Books.
    pub(crate) fn book(&mut self, at_ms: i64, series: Series, delta: Delta) -> Booking {
        self.bookings.push((at_ms, series, delta, None));
        Booking(self.bookings.len() - 1)
    }

    /// Books as what another price makes of it.
    pub(crate) fn reprice(&mut self, at_ms: i64, series: Series, delta: Delta) -> Booking {
        self.bookings.push((at_ms, series, delta, Some(Adjustment::Price)));
        Booking(self.bookings.len() - 1)
    }

    /// Adds to a sum that is known already.
    pub(crate) fn add(&mut self, at_ms: i64, series: i64, delta: Delta) -> Result<()> {
        let late = self.closed.contains(&time::month(at_ms));
        self.add_as(at_ms, series, delta, if late { Adjustment::Late } else { Adjustment::None })
    }

    /// Adds to a sum that is known already, as an adjustment.
    pub(crate) fn add_as(&mut self, at_ms: i64, series: i64, delta: Delta, adjustment: Adjustment) -> Result<()> {
        for (span, start) in [(0, time::hour(at_ms)), (1, time::day(at_ms)), (2, time::month(at_ms))] {
            let sum = self.sums.entry((span, start, adjustment as i64, series)).or_default();
            *sum = sum.plus(delta).ok_or_else(|| Error::Invalid("a sum is larger than can be kept".into()))?;
        }
        Ok(())
    }

    /// Decides which series each booking goes under, and writes those that are new.
    pub(crate) async fn assign(&mut self, tx: &mut Tx, sorter: &mut Sorter) -> Result<Ids> {
        let mut placed = Vec::with_capacity(self.bookings.len());
        for (at_ms, series, delta, adjustment) in std::mem::take(&mut self.bookings) {
            let (key, series) = sorter.place(tx, time::hour(at_ms), series).await?;
            placed.push((at_ms, key, series, delta, adjustment));
        }
        let wanted: BTreeMap<u128, &Series> = placed.iter().map(|(_, key, series, ..)| (*key, series)).collect();
        sorter.resolve(tx, &wanted).await?;
        let mut ids = Vec::with_capacity(placed.len());
        for (at_ms, key, _, delta, adjustment) in placed {
            let id = sorter.id(key)?;
            match adjustment {
                Some(adjustment) => self.add_as(at_ms, id, delta, adjustment)?,
                None => self.add(at_ms, id, delta)?,
            }
            ids.push(id);
        }
        Ok(Ids(ids))
    }

    /// Writes the sums.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<()> {
        let width = 4 + MEASURES.len();
        let mut values = Vec::with_capacity(self.sums.len() * width);
        for ((span, start, adjustment, series), delta) in &self.sums {
            if *delta != Delta::default() {
                values.extend([*span, *start, *adjustment, *series].map(Value::Int));
                values.extend(delta.values().map(Value::Int));
            }
        }
        let head = format!("INSERT INTO rollups (span, start, adjustment, series, {})", MEASURES.join(", "));
        let set: Vec<String> =
            MEASURES.iter().map(|name| format!("{name} = rollups.{name} + excluded.{name}")).collect();
        let tail = format!("ON CONFLICT (span, start, adjustment, series) DO UPDATE SET {}", set.join(", "));
        tx.insert(&head, width, &values, &tail).await
    }
}
