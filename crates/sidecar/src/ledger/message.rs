//! A batch as the ledger is told it. Pure.

use std::time::SystemTime;

use outrigger_api::ledger::{AppendRequest, Entry, Reporter};
use outrigger_spool::Batch;
use prost::Message as _;

/// The call that tells `batch`, sent at `now`.
pub(super) fn request(batch: &Batch, reporter: &Reporter, now: SystemTime) -> AppendRequest {
    AppendRequest {
        epoch: batch.epoch.to_vec(),
        started_at_ms: batch.started_at_ms,
        sent_at_ms: millis(now),
        issued: batch.issued,
        closed: batch.closed,
        dropped_below: batch.dropped_below,
        reporter: Some(reporter.clone()),
        entries: batch.entries.iter().map(|(sequence, bytes)| entry(*sequence, bytes)).collect(),
    }
}

/// What is spooled is an entry without its number. One that cannot be read is a number that came.
fn entry(sequence: u64, bytes: &[u8]) -> Entry {
    Entry { sequence, ..Entry::decode(bytes).unwrap_or_default() }
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use outrigger_api::ledger::{Begun, entry};

    use super::*;

    #[test]
    fn an_entry_gets_its_number_and_what_cannot_be_read_is_a_number_alone() {
        let begun = Begun { id: "gen-1".to_owned(), ..Begun::default() };
        let spooled = Entry { sequence: 0, entry: Some(entry::Entry::Begun(begun.clone())) }.encode_to_vec();
        let batch = Batch {
            epoch: [7; 16],
            started_at_ms: 5,
            issued: 9,
            closed: true,
            dropped_below: 3,
            entries: vec![(4, spooled), (5, vec![0xff, 1])],
            last: false,
        };
        let told = request(&batch, &Reporter::default(), SystemTime::UNIX_EPOCH + Duration::from_millis(8));
        assert_eq!((told.epoch, told.sent_at_ms, told.issued, told.closed), (vec![7; 16], 8, 9, true));
        assert_eq!(told.dropped_below, 3);
        assert_eq!(
            told.entries,
            [Entry { sequence: 4, entry: Some(entry::Entry::Begun(begun)) }, Entry { sequence: 5, entry: None },]
        );
    }
}
