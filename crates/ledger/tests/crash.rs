//! A ledger that is killed in the middle of what it writes.

#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

#[path = "../src/tests/small.rs"]
#[allow(dead_code)]
mod small;

use outrigger_ledger::{Figures, Ledger, Query, Settings, Stamp, Store};

use small::{NOON, all, attempt, batch, begun, record, stamp, told};

/// Names the file to the process that is killed.
const FILE: &str = "OUTRIGGER_LEDGER_CRASH";
/// Sidecars that tell at the same time, each an epoch.
const SIDECARS: u8 = 4;

/// The entries of a sidecar from a number on: a begun attempt and its record in turn.
fn entries(sidecar: u8, from: u64, count: u64) -> Vec<outrigger_api::ledger::Entry> {
    (from..from + count)
        .map(|at| {
            let id = format!("gen-{sidecar}-{}", at.div_ceil(2));
            if at % 2 == 1 {
                begun(at, &id, 0, NOON)
            } else {
                told(at, record(&id, NOON, vec![attempt("gpt-5", Some(3))]))
            }
        })
        .collect()
}

/// What is killed: writes and says what was acknowledged, until the end.
#[test]
#[ignore = "a part of the next one"]
fn child() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let ledger = Ledger::open(&Store::Sqlite(file.into()), Settings::default()).await.unwrap();
        let tell = async |sidecar: u8| {
            // Where the last process stopped, the ledger says.
            let mut through = ledger.append(stamp("apps", NOON), batch(sidecar, NOON, vec![])).await.unwrap().through;
            loop {
                // Some were sent before: they overlap, as they do when an answer was lost.
                let batch = batch(sidecar, NOON, entries(sidecar, through.saturating_sub(3).max(1), 20));
                through = ledger.append(stamp("apps", NOON), batch).await.unwrap().through;
                let mut out = std::io::stdout().lock();
                writeln!(out, "\nacked {sidecar} {through}").unwrap();
                out.flush().unwrap();
            }
        };
        futures_util::future::join_all((0..SIDECARS).map(tell)).await;
    });
}

/// Kill -9 of the ledger: what it acknowledged is there once, and what began meanwhile is told again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_kill_is_there_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.db");
    let mut acked = [0_u64; SIDECARS as usize];
    for round in 0..4_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut kill_at = None;
        for line in out.lines() {
            let line = line.unwrap();
            if let Some(told) = line.strip_prefix("acked ") {
                let (sidecar, through) = told.split_once(' ').unwrap();
                let at = sidecar.parse::<usize>().unwrap();
                acked[at] = acked[at].max(through.parse().unwrap());
                kill_at.get_or_insert_with(|| Instant::now() + Duration::from_millis(60 + 70 * round));
            }
            if kill_at.is_some_and(|at| Instant::now() > at) {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
    }
    let ledger = Ledger::open(&Store::Sqlite(file), Settings::default()).await.unwrap();
    let mut records = 0;
    for sidecar in 0..SIDECARS {
        let through = ledger.append(stamp("apps", NOON), batch(sidecar, NOON, vec![])).await.unwrap().through;
        let told = acked[usize::from(sidecar)];
        assert!(told > 0 && through >= told, "{through} of sidecar {sidecar}, which was told {told}");
        records += i128::from(through / 2);
        for number in 1..=through / 2 {
            assert!(ledger.generation(&format!("gen-{sidecar}-{number}"), None).await.unwrap().is_some());
        }
    }
    let figures = all(&ledger).await;
    assert_eq!((figures.booked.requests, figures.booked.nano), (records, 3 * records));
    ledger.shut().await;
}
