//! Attempts that began, and the records that say what became of them.

use std::collections::{BTreeSet, HashMap};

use outrigger_api::ledger::Begun;
use prost::Message as _;

use super::{
    batch::Told,
    epoch::Epoch,
    rolls::{Booking, Ids, Rolls},
};
use crate::{
    book,
    db::{Tx, Value},
    error::{Error, Result},
    sums::Delta,
};

/// What a begun attempt counts for that is booked as unknown.
fn counted(requests: i64) -> Delta {
    Delta { attempts: 1, requests, ..Delta::default() }
}

/// Begun attempts meet their records: those whose record is here are told by it, the others are kept.
pub(super) async fn meet(tx: &mut Tx, rolls: &mut Rolls, told: &mut Told) -> Result<()> {
    let attempts = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut known: HashMap<(i64, String), i64> =
        told.records.iter().map(|new| ((new.epoch, new.id.clone()), attempts(new.record.attempts.len()))).collect();
    forget_told(tx, rolls, &known).await?;
    // Their records may have been written long ago.
    let late: BTreeSet<&str> = told.begun.iter().filter(|new| new.late).map(|new| new.id.as_str()).collect();
    if !late.is_empty() {
        let keys: Vec<Value<'_>> = late.into_iter().map(Value::Text).collect();
        for mut row in tx.select("SELECT epoch, id, attempts FROM records WHERE id IN", 1, &keys, "").await? {
            known.insert((row.int()?, row.text()?), row.int()?);
        }
    }
    let mut bodies = Vec::new();
    for new in &told.begun {
        let attempt = i64::from(new.begun.attempt);
        let ended = known.get(&(new.epoch, new.id.clone())).copied();
        if ended.is_none_or(|attempts| attempt >= attempts) {
            let requests = i64::from(attempt == 0 && ended.is_none());
            bodies.push((new, attempt, requests, Begun { id: String::new(), ..new.begun.clone() }.encode_to_vec()));
        }
    }
    let mut values = Vec::with_capacity(bodies.len() * 8);
    for (new, attempt, requests, body) in &bodies {
        values.extend([Value::Int(new.epoch), Value::Text(&new.id), Value::Int(*attempt), Value::Int(new.at_ms)]);
        values.extend([Value::Int(0), Value::Int(*requests), Value::Int(0), Value::Bytes(body)]);
    }
    let head = "INSERT INTO begun (epoch, id, attempt, at_ms, series, requests, booked, body)";
    tx.insert(head, 8, &values, "ON CONFLICT (epoch, id, attempt) DO NOTHING").await
}

/// Removes what is kept of attempts whose records came, and takes it out of the sums where it was booked as unknown.
async fn forget_told(tx: &mut Tx, rolls: &mut Rolls, records: &HashMap<(i64, String), i64>) -> Result<()> {
    let mut sorted: Vec<&(i64, String)> = records.keys().collect();
    sorted.sort_unstable();
    let keys: Vec<Value<'_>> = sorted.iter().flat_map(|(epoch, id)| [Value::Int(*epoch), Value::Text(id)]).collect();
    let head = "SELECT epoch, id, attempt, at_ms, series, requests, booked FROM begun WHERE (epoch, id) IN";
    let mut gone = Vec::new();
    let mut cut = Vec::new();
    for mut row in tx.select(head, 2, &keys, "").await? {
        let key = (row.int()?, row.text()?);
        let (attempt, at_ms, series, requests, booked) =
            (row.int()?, row.int()?, row.int()?, row.int()?, row.int()? != 0);
        let told = records.get(&key).is_some_and(|attempts| attempt < *attempts);
        if booked {
            // An attempt that was cut from its record is still unknown; the request is not.
            let was = if told { counted(requests) } else { Delta { requests, ..Delta::default() } };
            rolls.add(at_ms, series, was.negated())?;
        }
        if told { gone.push((key, attempt)) } else { cut.push((key, attempt)) }
    }
    let values: Vec<Value<'_>> = gone
        .iter()
        .flat_map(|((epoch, id), attempt)| [Value::Int(*epoch), Value::Text(id), Value::Int(*attempt)])
        .collect();
    tx.each("DELETE FROM begun WHERE (epoch, id, attempt) IN", 3, &values).await?;
    for ((epoch, id), attempt) in &cut {
        let values = [Value::Int(*epoch), Value::Text(id), Value::Int(*attempt)];
        tx.execute("UPDATE begun SET requests = 0 WHERE epoch = $1 AND id = $2 AND attempt = $3", &values).await?;
    }
    Ok(())
}

/// A begun attempt that is booked as unknown.
#[derive(Debug)]
pub(super) struct Booked {
    epoch: i64,
    id: String,
    attempt: i64,
    booking: Booking,
}

/// Books what remains begun of these epochs as unknown.
pub(super) async fn unknown(tx: &mut Tx, rolls: &mut Rolls, epochs: Vec<&mut Epoch>) -> Result<Vec<Booked>> {
    let keys: Vec<Value<'_>> = epochs.iter().map(|epoch| Value::Int(epoch.id)).collect();
    let head = "SELECT epoch, id, attempt, at_ms, requests, body FROM begun WHERE booked = 0 AND epoch IN";
    let rows = tx.select(head, 1, &keys, " ORDER BY epoch, id, attempt").await?;
    let namespaces: HashMap<i64, &str> = epochs.iter().map(|epoch| (epoch.id, epoch.namespace.as_str())).collect();
    let mut booked = Vec::with_capacity(rows.len());
    for mut row in rows {
        let (epoch, id, attempt) = (row.int()?, row.text()?, row.int()?);
        let (at_ms, requests) = (row.int()?, row.int()?);
        let begun = Begun::decode(row.bytes()?.as_slice())
            .map_err(|_| Error::Corrupt(format!("the begun attempt {id} cannot be read")))?;
        let namespace = namespaces.get(&epoch).copied().unwrap_or_default();
        let booking = rolls.book(at_ms, book::unknown(namespace, &begun), counted(requests));
        booked.push(Booked { epoch, id, attempt, booking });
    }
    for epoch in epochs {
        epoch.settled = true;
    }
    Ok(booked)
}

/// Notes under what each was booked, so that its record can take it out again.
pub(super) async fn mark(tx: &mut Tx, booked: &[Booked], ids: &Ids) -> Result<()> {
    for Booked { epoch, id, attempt, booking } in booked {
        let values = [Value::Int(ids.of(*booking)), Value::Int(*epoch), Value::Text(id), Value::Int(*attempt)];
        let sql = "UPDATE begun SET booked = 1, series = $1 WHERE epoch = $2 AND id = $3 AND attempt = $4";
        tx.execute(sql, &values).await?;
    }
    Ok(())
}
