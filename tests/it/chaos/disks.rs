//! Disks that are full: the ledger's, and those of spools.

use std::time::{Duration, Instant};

use super::{
    SOON, Traffic,
    books::Provider,
    compared,
    fleet::{Books, Fleet, Plan},
};
use crate::harness::*;

/// Room for the books of a story, and more for their log.
const DISK: u64 = 64 << 20;

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// M6, U5: a ledger whose disk is full books nothing and loses nothing: sidecars keep what they have to tell, whoever is killed
/// meanwhile, and once there is room it is all booked once.
#[tokio::test]
async fn a_full_disk_of_the_ledger_costs_no_figure() {
    let Some(disk) = SmallDisk::mounted(DISK) else { return };
    let provider = Provider::start(3).await;
    let plan = Plan { sidecars: 2, books: Books::Disk(&disk), ..Plan::default() };
    let mut fleet = Fleet::start(&provider.policy(), plan).await;
    let traffic = Traffic::start(&fleet, 3);
    for round in 0..4 {
        pause(700).await;
        disk.fill();
        // It has to be told so often that what it has room for already is used up.
        let begun = Instant::now();
        while fleet.ledger().metrics().await.sum("outrigger_ledger_calls_total", &[("outcome", "away")]) < 2.0 {
            assert!(begun.elapsed() < PATIENCE, "the disk is not full");
            pause(20).await;
        }
        if round == 1 {
            fleet.sidecars[0].kill();
            fleet.kills.sidecars += 1;
            fleet.sidecars[0].start().await;
        }
        if round > 1 {
            fleet.kill_ledger(0);
        }
        disk.clear();
        if round > 1 {
            fleet.ledgers[0].program.start().await;
        }
    }
    let answered = compared(&provider, &mut fleet, traffic).await;
    assert!(answered > 50, "{answered}");
}

/// M6, U5: a spool whose disk is full goes on in memory, and says so; as long as its process lives nothing is lost, even if the
/// ledger is away meanwhile.
#[tokio::test]
async fn a_full_disk_of_spools_costs_no_figure() {
    let Some(disk) = SmallDisk::mounted(DISK) else { return };
    let provider = Provider::start(5).await;
    let plan = Plan { sidecars: 2, spools: Some(&disk), ..Plan::default() };
    let mut fleet = Fleet::start(&provider.policy(), plan).await;
    let traffic = Traffic::start(&fleet, 5);
    for _ in 0..3 {
        pause(500).await;
        let before: Vec<_> = fleet.sidecars.iter().map(|sidecar| sidecar.log().len()).collect();
        disk.fill();
        for (sidecar, before) in fleet.sidecars.iter().zip(&before) {
            sidecar.wait_log_behind(*before, "spool_in_memory").await;
        }
        fleet.kill_ledger(0);
        pause(500).await;
        fleet.ledgers[0].program.start().await;
        disk.clear();
        for (sidecar, before) in fleet.sidecars.iter().zip(&before) {
            sidecar.wait_log_behind(*before, "spool_on_disk").await;
        }
    }
    let answered = compared(&provider, &mut fleet, traffic).await;
    assert!(answered > 50, "{answered}");
}

/// What a process had in memory because its disk was full is gone if it is killed: that is a hole which is listed, and no larger
/// than what had not been acknowledged.
#[tokio::test]
async fn what_was_in_memory_because_the_disk_was_full_is_a_hole_that_is_listed() {
    let Some(disk) = SmallDisk::mounted(DISK) else { return };
    let provider = Provider::start(9).await;
    let plan = Plan { sidecars: 2, spools: Some(&disk), ledger: SOON, ..Plan::default() };
    let mut fleet = Fleet::start(&provider.policy(), plan).await;
    let traffic = Traffic::start(&fleet, 9);
    pause(1_000).await;
    disk.fill();
    for sidecar in &fleet.sidecars {
        sidecar.wait_log("spool_in_memory").await;
    }
    fleet.kill_ledger(0);
    pause(1_000).await;
    let (asked, _) = traffic.end().await;
    let waiting = fleet.sidecars[0].metrics().await.sum("outrigger_ledger_waiting", &[]) as u64;
    fleet.sidecars[0].kill();
    disk.clear();
    fleet.sidecars[0].start().await;
    fleet.ledgers[0].program.start().await;
    fleet.drain().await;
    let gap = fleet.gap().await;
    assert_eq!((&gap["open"], &gap["pod"]), (&true.into(), &"web-0".into()), "{gap:#}");
    let booked = fleet.booked().await;
    let lost = provider.compare(&booked);
    println!(
        "{asked} asked, {lost} attempts without a record, {waiting} entries not acknowledged; {}",
        booked.summary()
    );
    assert!(lost > 0 && lost <= waiting, "{lost} attempts are missing, {waiting} entries were not acknowledged");
}
