//! What a sidecar may send: pure.

use bytes::Bytes;
use outrigger_api::ledger::AppendRequest;
use prost::Message as _;

use crate::push::status::{Code, Status};

/// Most bytes of the entries of one message.
const ENTRIES_BYTES: usize = 1 << 20;
/// What else stands in it: who tells, and the lengths of entries.
const SLACK: usize = 16 << 10;
/// Longest message.
pub(super) const LONGEST: usize = ENTRIES_BYTES + SLACK;
/// Most entries.
const ENTRIES: usize = 512;
/// Longest entry.
const ENTRY: usize = 4096;
/// Random bytes of an epoch.
const EPOCH: usize = 16;
/// Longest name of a pod or node, as Kubernetes has it; a version is shorter.
const NAME: usize = 253;

/// The message, if it is one that can be booked.
///
/// # Errors
///
/// What is wrong with it. Nothing of its content is said.
pub(super) fn read(message: Bytes) -> Result<AppendRequest, Status> {
    let invalid = |why: &'static str| Status::new(Code::InvalidArgument, why);
    let request = AppendRequest::decode(message).map_err(|_| invalid("the message cannot be read"))?;
    let AppendRequest { epoch, issued, dropped_below, reporter, entries, .. } = &request;
    if epoch.len() != EPOCH {
        return Err(invalid("an epoch is 16 bytes long"));
    }
    if entries.len() > ENTRIES {
        return Err(invalid("a message holds at most 512 entries"));
    }
    if entries.iter().any(|entry| entry.encoded_len() > ENTRY) {
        return Err(invalid("an entry is at most 4096 bytes long"));
    }
    let mut before = 0;
    for entry in entries {
        if entry.sequence <= before || entry.sequence > *issued {
            return Err(invalid("entries come in the order of their numbers, which are from 1 to `issued`"));
        }
        before = entry.sequence;
    }
    if *dropped_below > issued.saturating_add(1) {
        return Err(invalid("what was never issued was not dropped"));
    }
    let names = reporter.iter().flat_map(|it| [&it.pod, &it.node, &it.version]);
    if names.into_iter().any(|name| name.len() > NAME) {
        return Err(invalid("a name of the reporter is longer than 253 bytes"));
    }
    // Both numbers are columns with a sign.
    if i64::try_from(*issued).is_err() {
        return Err(invalid("numbers are below 2^63"));
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use outrigger_api::ledger::{Begun, Entry, Reporter, entry};

    use super::*;

    fn entry(sequence: u64, id: &str) -> Entry {
        Entry { sequence, entry: Some(entry::Entry::Begun(Begun { id: id.to_owned(), ..Begun::default() })) }
    }

    fn request(numbers: &[u64]) -> AppendRequest {
        let entries = numbers.iter().map(|number| entry(*number, "gen-1")).collect();
        AppendRequest { epoch: vec![7; 16], issued: 600, entries, ..AppendRequest::default() }
    }

    fn told(request: &AppendRequest) -> Result<(), String> {
        read(request.encode_to_vec().into()).map(|_| ()).map_err(|status| {
            assert_eq!(status.code, Code::InvalidArgument);
            status.message.into_owned()
        })
    }

    #[test]
    fn a_batch_may_have_holes_and_be_empty() {
        assert_eq!(told(&request(&[1, 2, 3])), Ok(()));
        assert_eq!(told(&request(&[5, 9, 600])), Ok(()));
        assert_eq!(told(&AppendRequest { closed: true, ..request(&[]) }), Ok(()));
        assert_eq!(told(&AppendRequest { dropped_below: 601, ..request(&[]) }), Ok(()));
    }

    /// An entry is refused whole or not at all, and what is refused is never half booked.
    #[test]
    fn what_breaks_a_rule_is_refused_with_the_rule() {
        let long = Reporter { pod: "p".repeat(254), ..Reporter::default() };
        for (bad, why) in [
            (AppendRequest { epoch: vec![7; 15], ..request(&[1]) }, "16 bytes"),
            (request(&(1..=513).collect::<Vec<_>>()), "512 entries"),
            (AppendRequest { entries: vec![entry(1, &"x".repeat(4096))], ..request(&[]) }, "4096 bytes"),
            (request(&[2, 1]), "order"),
            (request(&[3, 3]), "order"),
            (request(&[0, 1]), "order"),
            (request(&[601]), "order"),
            (AppendRequest { dropped_below: 602, ..request(&[]) }, "never issued"),
            (AppendRequest { reporter: Some(long), ..request(&[]) }, "253"),
            (AppendRequest { issued: u64::MAX, ..request(&[]) }, "2^63"),
        ] {
            let said = told(&bad).unwrap_err();
            assert!(said.contains(why), "{said} for {why}");
        }
        assert!(read(Bytes::from_static(b"\xff\xff")).unwrap_err().message.contains("cannot be read"));
    }
}
