//! Epochs, read and written.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    batch::Batch,
    epoch::{COLUMNS, Epoch, WIDTH},
};
use crate::{
    clock::of_wire,
    db::{Tx, Value, Words},
    error::Result,
};

/// The epochs of some batches, those that are new with them. Nobody else writes them until the transaction ends.
pub(super) async fn load(tx: &mut Tx, words: Words, batches: &[Batch]) -> Result<BTreeMap<String, Epoch>> {
    let names: BTreeSet<&str> = batches.iter().map(|batch| batch.epoch.as_str()).collect();
    let mut epochs = read(tx, words, &names).await?;
    let mut values = Vec::new();
    let mut missing = BTreeSet::new();
    for batch in batches.iter().filter(|batch| !epochs.contains_key(&batch.epoch)) {
        if missing.insert(batch.epoch.as_str()) {
            let stamp = &batch.stamp;
            let started = of_wire(batch.request.started_at_ms);
            values.extend([
                Value::Text(&batch.epoch),
                Value::Text(&stamp.namespace),
                Value::Text(stamp.service_account.as_deref().unwrap_or_default()),
            ]);
            values.extend([Value::Text(""); 3]);
            values.extend([Value::Int(started), Value::Int(stamp.received_at_ms)]);
            values.extend([Value::Int(0); 5]);
            values.push(Value::Text(""));
        }
    }
    if !missing.is_empty() {
        let columns = COLUMNS.trim_start_matches("id, ");
        // Another replica may just have written it.
        tx.insert(&format!("INSERT INTO epochs ({columns})"), WIDTH - 1, &values, "ON CONFLICT (epoch) DO NOTHING")
            .await?;
        epochs.extend(read(tx, words, &missing).await?);
    }
    Ok(epochs)
}

async fn read(tx: &mut Tx, words: Words, names: &BTreeSet<&str>) -> Result<BTreeMap<String, Epoch>> {
    let keys: Vec<Value<'_>> = names.iter().copied().map(Value::Text).collect();
    // In one order, so that two writers never wait for each other.
    let tail = format!(" ORDER BY epoch{}", words.for_update);
    let rows = tx.select(&format!("SELECT {COLUMNS} FROM epochs WHERE epoch IN"), 1, &keys, &tail).await?;
    rows.into_iter()
        .map(|mut row| {
            let epoch = Epoch::from_cells(&mut row)?;
            Ok((epoch.epoch.clone(), epoch))
        })
        .collect()
}

/// Writes what became of them.
pub(super) async fn store(tx: &mut Tx, epochs: impl Iterator<Item = &Epoch>) -> Result<()> {
    let epochs: Vec<(&Epoch, String)> = epochs.map(|epoch| (epoch, epoch.came.to_text())).collect();
    let mut values = Vec::with_capacity(epochs.len() * WIDTH);
    for (epoch, came) in &epochs {
        values.extend([Value::Int(epoch.id), Value::Text(&epoch.epoch)]);
        values.extend([Value::Text(&epoch.namespace), Value::Text(&epoch.service_account)]);
        values.extend([Value::Text(&epoch.pod), Value::Text(&epoch.node), Value::Text(&epoch.version)]);
        values.extend([Value::Int(epoch.started_ms), Value::Int(epoch.heard_ms), Value::Int(epoch.issued)]);
        values.extend([Value::Int(epoch.dropped_below), Value::Int(epoch.closed.into()), Value::Int(epoch.lost())]);
        values.extend([Value::Int(epoch.settled.into()), Value::Text(came)]);
    }
    let changed = [
        "service_account",
        "pod",
        "node",
        "version",
        "heard_ms",
        "issued",
        "dropped_below",
        "closed",
        "lost",
        "settled",
        "came",
    ];
    let set: Vec<String> = changed.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let tail = format!("ON CONFLICT (epoch) DO UPDATE SET {}", set.join(", "));
    tx.insert(&format!("INSERT INTO epochs ({COLUMNS})"), WIDTH, &values, &tail).await
}
