//! A batch: what of it is new.

use outrigger_api::ledger::{AppendRequest, Begun, Record, entry};

use super::epoch::Epoch;
use crate::{
    clock::{Clock, of_wire},
    error::{Error, Result},
    ranges,
    series::clean,
    stamp::Stamp,
};

/// Entries of a batch at most, and bytes: as `ledger.proto` says.
const MOST_ENTRIES: usize = 512;
/// The highest number of an entry: a thousand a second for longer than any process lives.
const MOST_NUMBER: u64 = 1 << 53;
/// The longest id, in bytes.
const LONGEST_ID: usize = 128;

/// A batch that can be taken.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) stamp: Stamp,
    /// In hexadecimal digits.
    pub(crate) epoch: String,
    pub(crate) request: AppendRequest,
    clock: Clock,
}

/// What is new of a group of batches.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) begun: Vec<NewBegun>,
    pub(crate) records: Vec<NewRecord>,
}

/// An attempt that began.
#[derive(Debug)]
pub(crate) struct NewBegun {
    pub(crate) epoch: i64,
    pub(crate) id: String,
    pub(crate) at_ms: i64,
    pub(crate) begun: Begun,
    /// Something with a higher number came before it: perhaps its record.
    pub(crate) late: bool,
}

/// A request that ended.
#[derive(Debug)]
pub(crate) struct NewRecord {
    pub(crate) epoch: i64,
    pub(crate) sequence: i64,
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) at_ms: i64,
    pub(crate) received_ms: i64,
    pub(crate) off: bool,
    pub(crate) record: Record,
}

impl Batch {
    /// Takes a batch as it came.
    pub(crate) fn new(stamp: Stamp, request: AppendRequest) -> Result<Self> {
        if request.epoch.len() != 16 {
            return Err(Error::Invalid("an epoch is 16 bytes long".into()));
        }
        if request.entries.len() > MOST_ENTRIES {
            return Err(Error::Invalid(format!("a batch has at most {MOST_ENTRIES} entries")));
        }
        let numbers = request.entries.iter().map(|entry| entry.sequence);
        if numbers.chain([request.issued, request.dropped_below]).any(|number| number > MOST_NUMBER) {
            return Err(Error::Invalid(format!("a number of an entry is above {MOST_NUMBER}")));
        }
        if request.entries.iter().any(|entry| entry.sequence == 0) {
            return Err(Error::Invalid("numbers of entries begin with 1".into()));
        }
        let clock = Clock {
            started_ms: of_wire(request.started_at_ms),
            sent_ms: of_wire(request.sent_at_ms),
            received_ms: stamp.received_at_ms,
        };
        let epoch = request.epoch.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { stamp, epoch, request, clock })
    }

    /// Its epoch has given no number and goes on: whoever sent it wants to hear something.
    pub(crate) fn says_nothing(&self) -> bool {
        let AppendRequest { issued, closed, dropped_below, entries, .. } = &self.request;
        *issued == 0 && !closed && *dropped_below <= 1 && entries.is_empty()
    }

    /// Takes what is new into `told`, and notes in the epoch that it came. Refused: nothing of it is.
    pub(super) fn take(&self, epoch: &mut Epoch, told: &mut Told) -> Result<()> {
        if !epoch.is_of(&self.stamp) {
            return Err(Error::NotYours(self.epoch.clone()));
        }
        let mut came = epoch.came.clone();
        let mut new = Vec::new();
        for entry in &self.request.entries {
            // Bounded above.
            let sequence = i64::try_from(entry.sequence).unwrap_or(i64::MAX);
            let late = sequence <= came.highest();
            if came.insert(sequence) {
                new.push((sequence, late, entry));
            }
        }
        if came.len() > ranges::MOST {
            return Err(Error::Invalid(format!(
                "entries of the epoch come in such an order that {} stretches of them are missing: send the lowest first",
                came.len()
            )));
        }
        epoch.came = came;
        for (sequence, late, entry) in new {
            match &entry.entry {
                Some(entry::Entry::Begun(begun)) => told.begun.push(NewBegun {
                    epoch: epoch.id,
                    id: clean(&begun.id, LONGEST_ID),
                    at_ms: self.clock.booked(of_wire(begun.at_ms)).0,
                    begun: begun.clone(),
                    late,
                }),
                Some(entry::Entry::Record(record)) => {
                    let (at_ms, off) = self.clock.booked(of_wire(record.at_ms));
                    told.records.push(NewRecord {
                        epoch: epoch.id,
                        sequence,
                        id: clean(&record.id, LONGEST_ID),
                        namespace: self.stamp.namespace.clone(),
                        at_ms,
                        received_ms: self.stamp.received_at_ms,
                        off,
                        record: record.clone(),
                    });
                }
                // A kind of a later release: it came, and counts for nothing.
                None => {}
            }
        }
        epoch.hear(&self.request, &self.stamp);
        Ok(())
    }
}
