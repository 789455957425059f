//! A line of a sidecar's log that holds an entry for the ledger.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use outrigger_api::ledger::{Entry, Reporter, entry};
use prost::Message as _;
use serde::Deserialize;

/// The `code` of such lines.
const CODE: &str = "usage_undelivered";

/// What a line holds.
#[derive(Debug)]
pub(super) enum Found {
    /// Something else.
    Nothing,
    /// An entry that is not whole.
    Broken,
    Entry(Box<Line>),
}

/// An entry, and whose it is.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) epoch: Vec<u8>,
    pub(super) started_at_ms: u64,
    pub(super) issued: u64,
    pub(super) dropped_below: u64,
    pub(super) reporter: Reporter,
    pub(super) entry: Entry,
}

impl Line {
    /// The namespace that the entry says it is of: none outside a cluster, or in an entry of a later release.
    pub(super) fn namespace(&self) -> Option<&str> {
        let payer = match self.entry.entry.as_ref()? {
            entry::Entry::Begun(begun) => begun.payer.as_ref(),
            entry::Entry::Record(record) => record.payer.as_ref(),
        };
        payer.map(|payer| payer.namespace.as_str()).filter(|namespace| !namespace.is_empty())
    }
}

/// As it is written.
#[derive(Deserialize)]
struct Written {
    code: String,
    epoch: String,
    started_at_ms: u64,
    issued: u64,
    #[serde(default)]
    dropped_below: u64,
    sequence: u64,
    entry: String,
    #[serde(default)]
    pod: String,
    #[serde(default)]
    node: String,
    #[serde(default)]
    version: String,
}

/// What is in the line. What a collector put before the object, such as a time, is passed over.
pub(super) fn read(line: &[u8]) -> Found {
    let Some(start) = line.iter().position(|byte| *byte == b'{') else { return Found::Nothing };
    let object = &line[start..];
    let named = object.windows(CODE.len()).any(|window| window == CODE.as_bytes());
    if !named {
        return Found::Nothing;
    }
    // Of a longer line the object is the first value.
    let written = serde_json::Deserializer::from_slice(object).into_iter::<Written>().next();
    let Some(Ok(written)) = written.filter(|it| it.as_ref().is_ok_and(|it| it.code == CODE)) else {
        return Found::Broken;
    };
    whole(written).map_or(Found::Broken, |line| Found::Entry(Box::new(line)))
}

fn whole(written: Written) -> Option<Line> {
    let Written { epoch, started_at_ms, issued, dropped_below, sequence, entry, pod, node, version, code: _ } = written;
    let epoch = bytes_of(&epoch).filter(|epoch| epoch.len() == 16)?;
    let mut entry = Entry::decode(STANDARD.decode(entry).ok()?.as_slice()).ok()?;
    entry.sequence = Some(sequence).filter(|sequence| *sequence > 0)?;
    Some(Line { epoch, started_at_ms, issued, dropped_below, reporter: Reporter { pod, node, version }, entry })
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    digits.len().is_multiple_of(2).then(|| (0..digits.len()).step_by(2).map(pair).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use outrigger_api::ledger::{Begun, Payer};

    use super::*;

    fn written() -> String {
        let payer = Some(Payer { namespace: "prod".to_owned(), ..Payer::default() });
        let begun = Begun { id: "gen-1".to_owned(), attempt: 1, payer, ..Begun::default() };
        let entry = Entry { sequence: 0, entry: Some(entry::Entry::Begun(begun)) };
        serde_json::json!({
            "code": CODE, "epoch": "000102030405060708090a0b0c0d0e0f", "started_at_ms": 5, "issued": 9, "sequence": 7,
            "entry": STANDARD.encode(entry.encode_to_vec()), "pod": "web-1", "version": "0.1.0",
        })
        .to_string()
    }

    #[test]
    fn an_entry_is_found_in_whatever_a_collector_made_of_its_line() {
        for line in [written(), format!("2026-11-28T10:00:00Z stderr F {}", written()), format!("{}\n", written())] {
            let Found::Entry(found) = read(line.as_bytes()) else { panic!("{line}") };
            assert_eq!((found.entry.sequence, found.issued, &*found.reporter.pod), (7, 9, "web-1"));
            assert_eq!((&found.epoch, found.namespace()), (&(0..16).collect::<Vec<u8>>(), Some("prod")));
            let Some(entry::Entry::Begun(begun)) = found.entry.entry else { panic!() };
            assert_eq!((&*begun.id, begun.attempt), ("gen-1", 1));
        }
    }

    #[test]
    fn what_is_no_entry_is_passed_over_and_what_is_cut_is_not() {
        for other in ["", "text", r#"{"code":"ledger_lost"}"#, "{", r#"{"message":"request"}"#] {
            assert!(matches!(read(other.as_bytes()), Found::Nothing), "{other}");
        }
        let whole = written();
        let cut = whole.find("sequence").unwrap();
        assert!(matches!(read(&whole.as_bytes()[..cut]), Found::Broken));
        assert!(matches!(read(whole.replace("0001", "01").as_bytes()), Found::Broken));
        assert!(matches!(read(whole.replace(r#""sequence":7"#, r#""sequence":0"#).as_bytes()), Found::Broken));
    }
}
