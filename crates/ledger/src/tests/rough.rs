//! Several writers, and no room.

use super::{
    place::Place,
    small::{HOUR, NOON, all, attempt, batch, record, stamp, told},
};
use crate::Error;

fn entries(from: u64, to: u64) -> Vec<outrigger_api::ledger::Entry> {
    (from..=to)
        .map(|at| {
            let mut record = record(&format!("gen-{at}"), NOON, vec![attempt(&format!("model-{}", at % 7), Some(1))]);
            record.code = "x".repeat(500);
            told(at, record)
        })
        .collect()
}

/// Several replicas of one PostgreSQL are told the same at the same time: each entry is booked once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ledger"]
async fn replicas_that_are_told_the_same_at_once_book_it_once() {
    let place = Place::postgres().await;
    let replicas = [place.open().await, place.open().await, place.open().await];
    let mut told = Vec::new();
    for round in 0..20 {
        for (at, replica) in replicas.iter().enumerate() {
            // Every epoch by every replica, in another order each.
            for epoch in 0..4_u8 {
                let epoch = (epoch + at as u8) % 4;
                let batch = batch(epoch, NOON, entries(1 + round * 5, 10 + round * 5));
                let replica = replica.clone();
                told.push(tokio::spawn(async move { replica.append(stamp("apps", NOON), batch).await }));
            }
        }
    }
    for one in told {
        one.await.unwrap().unwrap();
    }
    let figures = all(&replicas[0]).await;
    assert_eq!((figures.booked.requests, figures.booked.nano), (4 * 105, 4 * 105));
    for replica in replicas {
        replica.shut().await;
    }
}

/// A full disk: nothing is acknowledged that is not there, and it goes on where there is room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_acknowledges_nothing_and_loses_nothing() {
    let place = Place::sqlite();
    let ledger = place.open().await;
    ledger.append(stamp("apps", NOON), batch(1, NOON, entries(1, 10))).await.unwrap();
    let mut tx = ledger.store().write().await.unwrap();
    let pages = tx.fetch("PRAGMA page_count", &[]).await.unwrap().pop().unwrap().int().unwrap();
    tx.fetch(&format!("PRAGMA max_page_count = {}", pages + 4), &[]).await.unwrap();
    tx.commit().await.unwrap();
    let mut through = 10;
    let why = loop {
        match ledger.append(stamp("apps", NOON), batch(1, NOON, entries(through + 1, through + 40))).await {
            Ok(answer) => through = answer.through,
            Err(why) => break why,
        }
        assert!(through < 1_000, "there is no end of the room");
    };
    assert!(matches!(why, Error::Store(_)) && why.to_string().contains("full"), "{why}");
    assert_eq!(all(&ledger).await.booked.requests, i128::from(through));
    let mut tx = ledger.store().write().await.unwrap();
    tx.fetch("PRAGMA max_page_count = 1000000", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let again = ledger.append(stamp("apps", NOON + HOUR), batch(1, NOON, entries(through + 1, through + 40))).await;
    assert_eq!(again.unwrap().through, through + 40);
    assert_eq!(all(&ledger).await.booked.requests, i128::from(through + 40));
    ledger.shut().await;
}
