//! Records, as they are booked and kept.

use prost::Message as _;

use super::{
    batch::{NewRecord, Told},
    rolls::{Booking, Ids, Rolls},
};
use crate::{
    book,
    db::{Tx, Value},
    error::Result,
    series::clean,
    time,
};

/// Set in `marks` where a clock was not believed.
pub(crate) const CLOCK_OFF: i64 = 1;
/// The longest `user` and `session`, in bytes.
const LONGEST: usize = 256;

const COLUMNS: &str = "epoch, seq, day, at_ms, received_ms, marks, nano, attempts, id, series, person, session, body";
const WIDTH: usize = 13;

/// What the records of a transaction are booked as, in order.
pub(super) type Bookings = Vec<(i64, Vec<Booking>)>;

/// Puts records into the sums.
pub(super) fn book(told: &Told, rolls: &mut Rolls) -> Bookings {
    let one = |new: &NewRecord| {
        let parts = book::parts(&new.namespace, &new.record);
        let nano = parts.iter().map(|part| part.delta.nano).fold(0, i64::saturating_add);
        (nano, parts.into_iter().map(|part| rolls.book(new.at_ms, part.series, part.delta)).collect())
    };
    told.records.iter().map(one).collect()
}

/// A record as it is written.
struct Row<'a> {
    new: &'a NewRecord,
    nano: i64,
    series: String,
    person: String,
    session: String,
    body: Vec<u8>,
}

fn row<'a>(new: &'a NewRecord, (nano, bookings): &(i64, Vec<Booking>), ids: &Ids) -> Row<'a> {
    let series: Vec<String> = bookings.iter().map(|booking| ids.of(*booking).to_string()).collect();
    let mut record = new.record.clone();
    let person = clean(&std::mem::take(&mut record.user), LONGEST);
    let session = clean(&std::mem::take(&mut record.session), LONGEST);
    record.id = String::new();
    record.at_ms = 0;
    Row { new, nano: *nano, series: series.join(","), person, session, body: record.encode_to_vec() }
}

/// Writes records.
pub(super) async fn write(tx: &mut Tx, told: &Told, bookings: &Bookings, ids: &Ids) -> Result<()> {
    let rows: Vec<Row<'_>> = told.records.iter().zip(bookings).map(|(new, booked)| row(new, booked, ids)).collect();
    let mut values = Vec::with_capacity(rows.len() * WIDTH);
    for Row { new, nano, series, person, session, body } in &rows {
        values.extend([Value::Int(new.epoch), Value::Int(new.sequence), Value::Int(time::day(new.at_ms))]);
        values.extend([Value::Int(new.at_ms), Value::Int(new.received_ms)]);
        values.extend([Value::Int(if new.off { CLOCK_OFF } else { 0 }), Value::Int(*nano)]);
        values.push(Value::Int(i64::try_from(new.record.attempts.len()).unwrap_or(i64::MAX)));
        values.extend([Value::Text(&new.id), Value::Text(series)]);
        values.extend([maybe(person), maybe(session), Value::Bytes(body)]);
    }
    tx.insert(&format!("INSERT INTO records ({COLUMNS})"), WIDTH, &values, "").await
}

fn maybe(text: &str) -> Value<'_> {
    Value::Maybe(Some(text).filter(|text| !text.is_empty()))
}
