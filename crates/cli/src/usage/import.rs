//! `outrigger usage import`: what sidecars could not deliver at their end, from their logs into a ledger.

mod door;
mod line;

use std::{
    fs::File,
    io::{BufRead, BufReader, stdin},
    process::ExitCode,
    time::SystemTime,
};

use anyhow::Context as _;
use door::Door;
use line::{Found, Line};
use outrigger_api::ledger::AppendRequest;
use outrigger_telemetry::out;
use prost::Message as _;

use super::args::ImportArgs;

/// Most entries of one call, and most bytes of them: what the ledger takes.
const ENTRIES: usize = 512;
const BYTES: usize = 1 << 20;
/// Longest line that is read whole; no entry makes a longer one.
const LONGEST: usize = 64 << 10;

/// Reads them and gives them to the ledger.
pub(crate) fn import(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let input: Box<dyn BufRead> = match args.file.to_str() {
        Some("-") => Box::new(stdin().lock()),
        _ => {
            let file = File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
            Box::new(BufReader::new(file))
        }
    };
    let told = runtime.block_on(async {
        let mut door = Door::open(args).await?;
        give(input, &mut door, args.namespace.as_deref()).await
    })?;
    out::complain(format_args!("{} entries given, {} lines that are no entries passed over", told.given, told.others));
    if told.broken > 0 {
        out::complain(format_args!("{} entries could not be read: were their lines cut on the way?", told.broken));
    }
    if told.nobodys > 0 {
        let nobodys = told.nobodys;
        out::complain(format_args!("{nobodys} entries say no namespace and were not given: say it with --namespace"));
    }
    Ok(if told.broken + told.nobodys == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of a file.
#[derive(Debug, Default)]
struct Told {
    given: u64,
    others: u64,
    broken: u64,
    nobodys: u64,
}

/// What goes in one call.
#[derive(Debug, Default)]
struct Pack {
    namespace: String,
    batch: AppendRequest,
    bytes: usize,
}

async fn give(mut input: impl BufRead, door: &mut Door, namespace: Option<&str>) -> anyhow::Result<Told> {
    let (mut told, mut pack) = (Told::default(), Pack::default());
    let mut text = Vec::new();
    while next(&mut input, &mut text).context("the file cannot be read to its end")? {
        let line = match line::read(&text) {
            Found::Nothing => {
                told.others += 1;
                continue;
            }
            Found::Broken => {
                told.broken += 1;
                continue;
            }
            Found::Entry(line) => line,
        };
        // A workload's token says whose they are, whatever they say.
        let whose = if door.knows_whose() { Some("") } else { namespace.or_else(|| line.namespace()) };
        let Some(whose) = whose.map(str::to_owned) else {
            told.nobodys += 1;
            continue;
        };
        let size = line.entry.encoded_len() + 8;
        if !pack.takes(&whose, &line.epoch, size) {
            send(door, &mut pack).await?;
        }
        pack.put(whose, *line, size);
        told.given += 1;
    }
    send(door, &mut pack).await?;
    Ok(told)
}

impl Pack {
    /// Whether such an entry may go with what is there.
    fn takes(&self, namespace: &str, epoch: &[u8], size: usize) -> bool {
        let same = self.batch.epoch == epoch && self.namespace == namespace;
        same && self.batch.entries.len() < ENTRIES && self.bytes + size <= BYTES
    }

    fn put(&mut self, namespace: String, line: Line, size: usize) {
        let Line { epoch, started_at_ms, issued, dropped_below, reporter, entry } = line;
        let Self { namespace: whose, batch, bytes } = self;
        *whose = namespace;
        *bytes += size;
        (batch.epoch, batch.started_at_ms, batch.reporter) = (epoch, started_at_ms, Some(reporter));
        batch.issued = batch.issued.max(issued).max(entry.sequence);
        batch.dropped_below = batch.dropped_below.max(dropped_below);
        // Such lines are a process's last words.
        batch.closed = true;
        batch.entries.push(entry);
    }
}

async fn send(door: &mut Door, pack: &mut Pack) -> anyhow::Result<()> {
    let Pack { namespace, mut batch, bytes: _ } = std::mem::take(pack);
    if batch.entries.is_empty() {
        return Ok(());
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    batch.sent_at_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    batch.entries.sort_by_key(|entry| entry.sequence);
    batch.entries.dedup_by_key(|entry| entry.sequence);
    door.give(&namespace, &batch).await
}

/// The next line into `text`, at most [`LONGEST`] bytes of it; `false` at the end.
fn next(input: &mut impl BufRead, text: &mut Vec<u8>) -> std::io::Result<bool> {
    text.clear();
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(!text.is_empty());
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(bytes.len(), |end| end + 1);
        let kept = used.min(LONGEST.saturating_sub(text.len()));
        text.extend_from_slice(&bytes[..kept]);
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_never_ends_takes_no_more_room_than_any_other() {
        let long = [b"x".repeat(3 * LONGEST), b"\nshort\nlast".to_vec()].concat();
        let (mut input, mut text) = (long.as_slice(), Vec::new());
        let mut lengths = Vec::new();
        while next(&mut input, &mut text).unwrap() {
            lengths.push(text.len());
        }
        assert_eq!(lengths, [LONGEST, 6, 4]);
    }
}
