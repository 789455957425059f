//! The books in PostgreSQL, which is killed too.

use std::time::{Duration, Instant};

use super::{
    Traffic,
    books::Provider,
    chance::Chance,
    compared,
    fleet::{Books, Fleet, Plan},
    named,
};
use crate::harness::*;

/// How much chaos where nobody says.
const SECONDS: u64 = 15;

/// U5, M6: the same with two ledgers on one PostgreSQL, of which a process is killed, or all of it.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ledger"]
async fn the_providers_books_are_the_ledgers_in_postgresql() {
    let seed = named("OUTRIGGER_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let seconds = named("OUTRIGGER_CHAOS_SECONDS").unwrap_or(SECONDS);
    println!("OUTRIGGER_CHAOS_SEED={seed} OUTRIGGER_CHAOS_SECONDS={seconds}");
    let provider = Provider::start(seed).await;
    let mut server = Postgres::start().await;
    let plan = Plan { sidecars: 4, books: Books::Postgres(&server), ..Plan::default() };
    let mut fleet = Fleet::start(&provider.policy(), plan).await;
    let traffic = Traffic::start(&fleet, seed);
    let mut chance = Chance::new(seed);
    let (begun, mut servers, mut backends) = (Instant::now(), 0, 0);
    while begun.elapsed() < Duration::from_secs(seconds) || servers == 0 || backends == 0 || !fleet.kills.are_chaos() {
        fleet.kill_some(&mut chance).await;
        match chance.below(4) {
            0 => {
                server.kill();
                servers += 1;
                tokio::time::sleep(Duration::from_millis(chance.below(800))).await;
                server.run().await;
            }
            1 => backends += u32::from(server.kill_one(chance.next())),
            _ => {}
        }
    }
    let answered = compared(&provider, &mut fleet, traffic).await;
    println!("PostgreSQL was killed {servers} times, a process of it {backends} times");
    assert!(answered > 50, "{answered}");
}
