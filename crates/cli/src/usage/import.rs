//! `outrigger usage import`: what sidecars could not deliver at their end, from their logs into a ledger.

mod line;

use std::{
    fs::File,
    io::{BufRead, BufReader, stdin},
    process::ExitCode,
    time::SystemTime,
};

use anyhow::Context as _;
use line::{Found, Line};
use outrigger_api::ledger::AppendRequest;
use outrigger_telemetry::out;
use prost::Message as _;

use super::{ImportArgs, call::Ledger};

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
        let mut ledger = Ledger::connect(args).await?;
        give(input, &mut ledger).await
    })?;
    out::complain(format_args!("{} entries given, {} lines that are no entries passed over", told.given, told.others));
    if told.broken > 0 {
        out::complain(format_args!("{} entries could not be read: were their lines cut on the way?", told.broken));
    }
    Ok(if told.broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of a file.
#[derive(Debug, Default)]
struct Told {
    given: u64,
    others: u64,
    broken: u64,
}

async fn give(mut input: impl BufRead, ledger: &mut Ledger) -> anyhow::Result<Told> {
    let (mut told, mut batch, mut room) = (Told::default(), AppendRequest::default(), BYTES);
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
        let size = line.entry.encoded_len() + 8;
        if batch.epoch != line.epoch || batch.entries.len() >= ENTRIES || size > room {
            send(ledger, &mut batch).await?;
            room = BYTES;
        }
        room = room.saturating_sub(size);
        put(&mut batch, *line);
        told.given += 1;
    }
    send(ledger, &mut batch).await?;
    Ok(told)
}

fn put(batch: &mut AppendRequest, line: Line) {
    let Line { epoch, started_at_ms, issued, dropped_below, reporter, entry } = line;
    (batch.epoch, batch.started_at_ms, batch.reporter) = (epoch, started_at_ms, Some(reporter));
    batch.issued = batch.issued.max(issued).max(entry.sequence);
    batch.dropped_below = batch.dropped_below.max(dropped_below);
    // Such lines are a process's last words.
    batch.closed = true;
    batch.entries.push(entry);
}

async fn send(ledger: &mut Ledger, batch: &mut AppendRequest) -> anyhow::Result<()> {
    let mut batch = std::mem::take(batch);
    if batch.entries.is_empty() {
        return Ok(());
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    batch.sent_at_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    batch.entries.sort_by_key(|entry| entry.sequence);
    batch.entries.dedup_by_key(|entry| entry.sequence);
    ledger.append(&batch).await?;
    Ok(())
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
