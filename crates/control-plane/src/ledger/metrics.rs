//! Every metric family of the ledger. Labels are closed sets of words.

use std::{collections::BTreeMap, time::Duration};

use metrics::{Counter, Gauge, Histogram};
use outrigger_telemetry::{
    Registry,
    registry::{Family, Stability},
};

use crate::push::status::Code;

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
const LAGS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0, 3600.0, 86_400.0];

macro_rules! families {
    ($($ident:ident = $kind:literal $name:literal [$($label:literal),*] $buckets:expr, $help:literal;)+) => {
        $(const $ident: Family = Family {
            name: $name,
            kind: $kind,
            labels: &[$($label),*],
            help: $help,
            buckets: $buckets,
            stability: Stability::Stable,
        };)+
        /// All of them.
        pub(crate) const FAMILIES: &[Family] = &[$($ident),+];
    };
}

families! {
    CALLS = "counter" "outrigger_ledger_calls_total" ["outcome"] &[],
        "Batches of sidecars, by what became of them: `booked`, `invalid`, `refused` for their token, `busy` for want of a \
         place in line, `away` where the books could not be written.";
    CALL_SECONDS = "histogram" "outrigger_ledger_call_seconds" [] SECONDS,
        "From the head of a call to its answer, which is sent when what it brought is on disk.";
    RECEIVED = "counter" "outrigger_ledger_received_bytes_total" [] &[], "Bytes of batches that were read.";
    REFUSED = "counter" "outrigger_ledger_refused_total" ["code"] &[], "Calls refused for their token.";
    WAITING = "gauge" "outrigger_ledger_waiting" [] &[],
        "Calls whose batch is being booked, or waits to be; at most 1,088.";
    ENTRIES = "counter" "outrigger_ledger_entries_total" ["kind"] &[],
        "Entries that are on disk, as often as they came: `begun` attempts, `record`s of requests, and `other` ones, of a \
         newer sidecar.";
    LAG = "histogram" "outrigger_ledger_lag_seconds" [] LAGS,
        "From the end of a request, by its sidecar's clock, to its being on disk here.";
    GAPS = "gauge" "outrigger_ledger_missing_entries" [] &[],
        "Entries that are known to be missing, as last looked: of pods and nodes that were lost with their disks, or on \
         their way.";
    HOLES = "gauge" "outrigger_ledger_gaps" [] &[],
        "Processes of sidecars of which something is missing, or may be, as last looked.";
    UNKNOWN = "counter" "outrigger_ledger_settled_total" [] &[],
        "Attempts that began and were given up: they are booked as unknown.";
    REMOVED = "counter" "outrigger_ledger_removed_total" [] &[], "Records and sums that had been kept for long enough.";
    BYTES = "gauge" "outrigger_ledger_store_bytes" [] &[],
        "How large the file of the books is, with its log, as last looked; 0 for a database.";
    ANSWERS_STORE = "gauge" "outrigger_ledger_store_up" [] &[], "1 while the store answers, as last looked.";
    QUESTIONS = "counter" "outrigger_ledger_questions_total" ["outcome"] &[],
        "Questions of people and programs: `answered`, `refused`, `failed`.";
    QUESTION_SECONDS = "histogram" "outrigger_ledger_question_seconds" [] SECONDS, "How long an answer took.";
}

/// What becomes of a call.
const OUTCOMES: [&str; 5] = ["booked", "invalid", "refused", "busy", "away"];
/// What becomes of a question.
const ANSWERS: [&str; 3] = ["answered", "refused", "failed"];

/// The handles.
pub(super) struct Metrics {
    registry: Registry,
    calls: BTreeMap<&'static str, Counter>,
    call_seconds: Histogram,
    received: Counter,
    waiting: Gauge,
    begun: Counter,
    records: Counter,
    others: Counter,
    lag: Histogram,
    missing: Gauge,
    holes: Gauge,
    settled: Counter,
    removed: Counter,
    bytes: Gauge,
    up: Gauge,
    questions: BTreeMap<&'static str, Counter>,
    question_seconds: Histogram,
}

/// Entries of a batch, and how old its requests are.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) begun: u64,
    pub(super) records: u64,
    pub(super) others: u64,
    /// When each request ended, in milliseconds since 1970.
    pub(super) ended_ms: Vec<u64>,
}

impl Metrics {
    pub(super) fn new() -> anyhow::Result<Self> {
        let registry = Registry::new(FAMILIES)?;
        // All from the start: a rate is of no use whose series begins with what it should tell of.
        let each = |family, words: &[&'static str]| {
            words.iter().map(|word| (*word, registry.counter(family, &[("outcome", word)]))).collect()
        };
        let entries = |kind| registry.counter(&ENTRIES, &[("kind", kind)]);
        Ok(Self {
            calls: each(&CALLS, &OUTCOMES),
            questions: each(&QUESTIONS, &ANSWERS),
            call_seconds: registry.histogram(&CALL_SECONDS, &[]),
            received: registry.counter(&RECEIVED, &[]),
            waiting: registry.gauge(&WAITING, &[]),
            begun: entries("begun"),
            records: entries("record"),
            others: entries("other"),
            lag: registry.histogram(&LAG, &[]),
            missing: registry.gauge(&GAPS, &[]),
            holes: registry.gauge(&HOLES, &[]),
            settled: registry.counter(&UNKNOWN, &[]),
            removed: registry.counter(&REMOVED, &[]),
            bytes: registry.gauge(&BYTES, &[]),
            up: registry.gauge(&ANSWERS_STORE, &[]),
            question_seconds: registry.histogram(&QUESTION_SECONDS, &[]),
            registry,
        })
    }

    /// A call ended: with this error, or booked.
    pub(super) fn called(&self, error: Option<Code>, took: Duration) {
        let outcome = match error {
            None => "booked",
            Some(Code::InvalidArgument | Code::Unimplemented) => "invalid",
            Some(Code::Unauthenticated | Code::PermissionDenied) => "refused",
            Some(Code::ResourceExhausted) => "busy",
            Some(Code::Unavailable) => "away",
        };
        if let Some(counter) = self.calls.get(outcome) {
            counter.increment(1);
        }
        self.call_seconds.record(took.as_secs_f64());
    }

    /// A batch of so many bytes was read.
    pub(super) fn received(&self, bytes: usize) {
        self.received.increment(bytes as u64);
    }

    /// A token was refused for this reason.
    pub(super) fn refused(&self, code: &str) {
        self.registry.counter(&REFUSED, &[("code", code)]).increment(1);
    }

    /// A batch is on disk.
    pub(super) fn booked(&self, carried: &Carried, now_ms: u64) {
        let Carried { begun, records, others, ended_ms } = carried;
        self.begun.increment(*begun);
        self.records.increment(*records);
        self.others.increment(*others);
        for ended in ended_ms {
            self.lag.record(Duration::from_millis(now_ms.saturating_sub(*ended)).as_secs_f64());
        }
    }

    /// What is missing of so many processes, as just looked.
    pub(super) fn missing(&self, entries: i64, holes: usize) {
        self.missing.set(entries as f64);
        self.holes.set(holes as f64);
    }

    /// So many attempts were given up, so much was removed.
    pub(super) fn kept_up(&self, settled: u64, removed: u64) {
        self.settled.increment(settled);
        self.removed.increment(removed);
    }

    /// How large the file is, and whether the store answers.
    pub(super) fn looked(&self, bytes: u64, up: bool) {
        self.bytes.set(bytes as f64);
        self.up.set(f64::from(u8::from(up)));
    }

    /// A question was answered with this status.
    pub(super) fn asked(&self, status: http::StatusCode, took: Duration) {
        let outcome = match status.as_u16() {
            ..400 => "answered",
            400..500 => "refused",
            _ => "failed",
        };
        if let Some(counter) = self.questions.get(outcome) {
            counter.increment(1);
        }
        self.question_seconds.record(took.as_secs_f64());
    }

    pub(super) fn upkeep(&self) {
        self.registry.upkeep();
    }

    /// The page; `waiting`: calls at this moment.
    pub(super) fn render(&self, waiting: usize) -> String {
        self.waiting.set(waiting as f64);
        self.registry.upkeep();
        self.registry.render()
    }
}
