//! The results: a table for people, JSON for programs.

use serde::Serialize;

use super::{
    kind::{KINDS, Outcome},
    sample::Sample,
    verdict::Check,
};

/// Lines of the table, at most.
const LINES: usize = 40;

/// Everything a run found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: String,
    pub(super) seed: u64,
    pub(super) connections: usize,
    /// Requests that were answered, or left by their callers.
    pub(super) requests: u64,
    pub(super) seconds: f64,
    pub(super) kinds: Vec<Count>,
    /// Before the first request, while they were under way, and when nothing was any more.
    pub(super) samples: Vec<Sample>,
    /// The first of the wrong answers.
    pub(super) wrong: Vec<String>,
    pub(super) checks: Vec<Check>,
}

/// How many of a kind there were.
#[derive(Debug, Serialize)]
pub(super) struct Count {
    kind: &'static str,
    requests: u64,
}

impl Count {
    pub(super) fn of(done: [u64; KINDS.len()]) -> Vec<Self> {
        KINDS.iter().zip(done).map(|(row, requests)| Self { kind: row.name, requests }).collect()
    }
}

impl Report {
    /// Prints everything; the last line is the count of what passed and failed.
    pub(super) fn print(&self) {
        println!("\n{:>24}  requests", "kind");
        for Count { kind, requests } in &self.kinds {
            println!("{kind:>24} {requests:>9}");
        }
        table(&self.samples);
        if let Some(Sample { counters, .. }) = self.samples.last() {
            println!("\nupstream calls: {:?}; something began to cool {} times", counters.attempts, counters.cooldowns);
        }
        println!("{} requests in {:.0} s with seed {}\n", self.requests, self.seconds, self.seed);
        for wrong in &self.wrong {
            println!("WRONG {wrong}");
        }
        for Check { passed, what } in &self.checks {
            println!("{}  {what}", if *passed { "pass" } else { "FAIL" });
        }
    }

    /// Checks that passed, and that failed.
    pub(super) fn count(&self) -> (usize, usize) {
        let passed = self.checks.iter().filter(|check| check.passed).count();
        (passed, self.checks.len() - passed)
    }
}

fn table(samples: &[Sample]) {
    println!(
        "\n  seconds  requests  RSS KiB  anon KiB  files  threads  edits  in flight  series  ok / error / broken / cancelled"
    );
    let step = samples.len().div_ceil(LINES).max(1);
    let last = samples.len().saturating_sub(1);
    for (_, sample) in samples.iter().enumerate().filter(|(at, _)| at.is_multiple_of(step) || *at == last) {
        let Sample { seconds, requests, rss, anonymous, files, threads, edits, counters } = sample;
        let (in_flight, series) = (counters.in_flight, counters.series);
        let outcomes = Outcome::ALL.map(|outcome| counters.requests(outcome).to_string()).join(" / ");
        println!(
            "{seconds:>9.1} {requests:>9} {rss:>8.0} {anonymous:>9.0} {files:>6} {threads:>8} {edits:>6} {in_flight:>10} {series:>7}  {outcomes}"
        );
    }
}
