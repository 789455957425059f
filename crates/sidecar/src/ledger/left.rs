//! What could not be delivered before the process ends: a line of JSON for each entry, where its log goes.
//!
//! Not by way of the log's queue, which drops what is not read at once. A reader that reads nothing is waited for as long as
//! [`PATIENCE`] says, and no longer.

use std::{
    io::{ErrorKind, Write, stderr},
    sync::mpsc,
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use outrigger_api::ledger::Reporter;
use outrigger_spool::{Batch, Spool};
use serde_json::json;

/// The `code` of such lines, by which `outrigger usage import` knows them.
const CODE: &str = "usage_undelivered";
/// How long the lines may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// As many entries are taken from the spool at a time.
const ENTRIES: usize = 512;
const BYTES: usize = 1 << 20;
/// How long to wait where a reader that must not be waited for takes no more.
const FULL: Duration = Duration::from_millis(20);

/// Writes what is left; answers how many entries that were. What a file still holds, the next process sends as well: the
/// ledger books it once.
pub(crate) fn tell(spool: &Spool, reporter: &Reporter) -> u64 {
    let (done, told) = mpsc::channel();
    let (spool, reporter) = (spool.clone(), reporter.clone());
    let writing = thread::Builder::new().name("left".to_owned()).spawn(move || {
        while let Some(batch) = spool.batch(ENTRIES, BYTES) {
            if let Err(error) = write(&mut stderr().lock(), lines(&batch, &reporter).as_bytes()) {
                tracing::error!(code = CODE, %error, "what is left cannot be written");
                return;
            }
            spool.pass(&batch);
            if done.send(batch.entries.len() as u64).is_err() {
                return;
            }
        }
    });
    let Ok(_writing) = writing else { return 0 };
    let until = std::time::Instant::now() + PATIENCE;
    let mut entries = 0;
    while let Ok(more) = told.recv_timeout(until.saturating_duration_since(std::time::Instant::now())) {
        entries += more;
    }
    entries
}

fn lines(batch: &Batch, reporter: &Reporter) -> String {
    let epoch: String = batch.epoch.iter().map(|byte| format!("{byte:02x}")).collect();
    let line = |(sequence, entry): &(u64, Vec<u8>)| {
        let line = json!({
            "code": CODE,
            "epoch": epoch,
            "started_at_ms": batch.started_at_ms,
            "issued": batch.issued,
            "dropped_below": batch.dropped_below,
            "sequence": sequence,
            "entry": STANDARD.encode(entry),
            "pod": reporter.pod,
            "node": reporter.node,
            "version": reporter.version,
        });
        format!("{line}\n")
    };
    batch.entries.iter().map(line).collect()
}

fn write(out: &mut impl Write, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
