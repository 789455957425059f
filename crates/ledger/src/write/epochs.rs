//! Epochs: what came of each process.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_api::ledger::AppendRequest;

use super::batch::Batch;
use crate::{
    clock::of_wire,
    db::{Cells, Tx, Value, Words},
    error::Result,
    ranges::Ranges,
    series::clean,
};

/// The longest name of a pod or node that Kubernetes takes, in bytes.
const LONGEST: usize = 253;

/// The columns, in the order in which they are read and written.
pub(crate) const COLUMNS: &str = "id, epoch, namespace, service_account, pod, node, version, started_ms, heard_ms, issued, \
                                  dropped_below, closed, lost, settled, came";
const WIDTH: usize = 15;

/// An epoch.
#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    pub(crate) id: i64,
    pub(crate) epoch: String,
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) pod: String,
    pub(crate) node: String,
    pub(crate) version: String,
    pub(crate) started_ms: i64,
    pub(crate) heard_ms: i64,
    pub(crate) issued: i64,
    pub(crate) dropped_below: i64,
    pub(crate) closed: bool,
    /// What remained begun was booked as unknown.
    pub(crate) settled: bool,
    pub(crate) came: Ranges,
}

impl Epoch {
    pub(crate) fn from_cells(cells: &mut Cells) -> Result<Self> {
        let id = cells.int()?;
        let [epoch, namespace, service_account, pod, node, version] =
            [cells.text()?, cells.text()?, cells.text()?, cells.text()?, cells.text()?, cells.text()?];
        let [started_ms, heard_ms, issued, dropped_below, closed, _lost, settled] =
            [cells.int()?, cells.int()?, cells.int()?, cells.int()?, cells.int()?, cells.int()?, cells.int()?];
        Ok(Self {
            id,
            epoch,
            namespace,
            service_account,
            pod,
            node,
            version,
            started_ms,
            heard_ms,
            issued,
            dropped_below,
            closed: closed != 0,
            settled: settled != 0,
            came: Ranges::parse(&cells.text()?)?,
        })
    }

    /// Notes what a batch says of its epoch.
    pub(super) fn hear(&mut self, request: &AppendRequest, received_ms: i64) {
        self.heard_ms = self.heard_ms.max(received_ms);
        self.issued = self.issued.max(of_wire(request.issued)).max(self.came.highest());
        // What was never given cannot be dropped.
        self.dropped_below = self.dropped_below.max(of_wire(request.dropped_below).min(self.issued + 1));
        self.closed |= request.closed;
        // Something may have begun again.
        self.settled = false;
        if let Some(reporter) = &request.reporter
            && self.pod.is_empty()
        {
            self.pod = clean(&reporter.pod, LONGEST);
            self.node = clean(&reporter.node, LONGEST);
            self.version = clean(&reporter.version, LONGEST);
        }
    }

    /// Every number up to this one is here, or was dropped.
    pub(crate) fn through(&self) -> u64 {
        u64::try_from(self.came.through(self.dropped_below)).unwrap_or(0)
    }

    /// What is missing of the numbers that were given.
    pub(crate) fn missing(&self) -> Vec<(i64, i64)> {
        self.came.missing(self.issued)
    }

    /// How many numbers are missing.
    pub(crate) fn lost(&self) -> i64 {
        self.missing().iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Nothing will come any more that has not come.
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.came.through(self.dropped_below) >= self.issued
    }
}

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
                Value::Text(&stamp.service_account),
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
    let changed =
        ["pod", "node", "version", "heard_ms", "issued", "dropped_below", "closed", "lost", "settled", "came"];
    let set: Vec<String> = changed.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let tail = format!("ON CONFLICT (epoch) DO UPDATE SET {}", set.join(", "));
    tx.insert(&format!("INSERT INTO epochs ({COLUMNS})"), WIDTH, &values, &tail).await
}
