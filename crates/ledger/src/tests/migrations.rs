//! The tables, brought up to date while others use them.

use std::time::{Duration, Instant};

use super::{
    place::{Place, on_both},
    small::{DAY, HOUR, NOON, all, attempt, batch, record, stamp, told},
};
use crate::{
    Error, Query, Settings, Store,
    db::{self, ALL, Step},
};

/// A step of some later release: it only adds.
const NEXT: Step = Step {
    number: 9_000,
    name: "later",
    sql: "ALTER TABLE records ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'; \
          ALTER TABLE rollups ADD COLUMN shade BIGINT NOT NULL DEFAULT 0; \
          CREATE INDEX records_colour ON records (colour); \
          CREATE TABLE shades (id BIGINT PRIMARY KEY)",
};

fn next() -> Vec<Step> {
    ALL.iter().copied().chain([NEXT]).collect()
}

on_both! {
    /// K7: the previous release's program runs on the tables of the next one.
    async fn this_release_runs_on_the_tables_of_the_next(place) {
        let entry = |at| vec![told(at, record(&format!("gen-{at}"), NOON, vec![attempt("gpt-5", Some(1))]))];
        let ledger = place.open().await;
        ledger.append(stamp("apps", NOON), batch(1, NOON, entry(1))).await.unwrap();
        ledger.shut().await;
        let newer = place.open_at(&next()).await;
        assert_eq!(all(&newer).await.booked.requests, 1);
        newer.append(stamp("apps", NOON), batch(1, NOON, entry(2))).await.unwrap();
        newer.shut().await;
        let older = place.open().await;
        older.append(stamp("apps", NOON), batch(1, NOON, entry(3))).await.unwrap();
        assert_eq!(all(&older).await.booked.requests, 3);
        assert!(older.generation("gen-2", None).await.unwrap().is_some());
        older.shut().await;
    }
}

/// K7: readers go on while a step waits for its lock, and it is done once it has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ledger"]
async fn readers_are_not_locked_out_by_a_step_that_waits() {
    let place = Place::postgres().await;
    let ledger = place.open().await;
    let entry = told(1, record("gen-1", NOON, vec![attempt("gpt-5", Some(1))]));
    ledger.append(stamp("apps", NOON), batch(1, NOON, vec![entry])).await.unwrap();
    // Somebody reads for long: the step cannot have its lock.
    let other = db::open(&place.store, 2).await.unwrap();
    let mut long = other.read().await.unwrap();
    long.fetch("SELECT COUNT(*) FROM records", &[]).await.unwrap();
    long.fetch("SELECT COUNT(*) FROM rollups", &[]).await.unwrap();
    let migrating = tokio::spawn({
        let other = other.clone();
        async move { db::migrate(&other, &next()).await }
    });
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    while begin.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        all(&ledger).await;
        ledger.generation("gen-1", None).await.unwrap().unwrap();
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!migrating.is_finished(), "the step has to have waited");
    // Two questions, each behind a step that gives up after half a second.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    long.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    ledger.shut().await;
    place.open_at(&next()).await.shut().await;
}

/// K7: readers of the file go on while a step runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_file_go_on_while_a_step_runs() {
    let place = Place::sqlite();
    let ledger = place.open().await;
    let entry = told(1, record("gen-1", NOON, vec![attempt("gpt-5", Some(1))]));
    ledger.append(stamp("apps", NOON), batch(1, NOON, vec![entry])).await.unwrap();
    let mut step = ledger.store().write().await.unwrap();
    step.execute("ALTER TABLE records ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'", &[]).await.unwrap();
    let asked = Instant::now();
    assert_eq!(all(&ledger).await.booked.requests, 1);
    assert!(ledger.usage(&Query::between(NOON - DAY, NOON + HOUR)).await.is_ok());
    assert!(asked.elapsed() < Duration::from_secs(1));
    step.commit().await.unwrap();
    ledger.shut().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_has_is_refused() {
    let place = Place::sqlite();
    let ledger = place.open().await;
    let again = crate::Ledger::open(&place.store, Settings::default()).await.unwrap_err();
    assert!(matches!(again, Error::Locked(_)), "{again}");
    ledger.shut().await;
    place.open().await.shut().await;
    let nowhere = Store::Sqlite("/no/such/folder/ledger.db".into());
    assert!(matches!(crate::Ledger::open(&nowhere, Settings::default()).await.unwrap_err(), Error::File { .. }));
}
