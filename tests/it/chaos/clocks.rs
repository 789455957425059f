//! Clocks that are wrong, and jump.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    CHAT, Traffic,
    books::Provider,
    chance::Chance,
    compared,
    fleet::{Fleet, Plan},
};
use crate::harness::*;

const DAY: i64 = 86_400;
/// By how many seconds clocks are off: some that are believed, and some that are not.
const OFF: [i64; 6] = [0, -200, 3_600, -7_200, 3 * DAY, -400 * DAY];
/// How much chaos.
const SECONDS: u64 = 10;

/// U5: whatever clocks say, and whoever is killed meanwhile, the provider's own books are the ledger's. When it is booked is
/// another thing: what a clock said that was wrong from the start of its process, and right once it was told, looks like what
/// is late.
#[tokio::test]
async fn clocks_that_jump_move_no_figure() {
    let seed = u64::from(std::process::id());
    println!("{seed}");
    let provider = Provider::start(seed).await;
    let plan = Plan { sidecars: 3, clocks: true, ..Plan::default() };
    let mut fleet = Fleet::start(&provider.policy(), plan).await;
    let traffic = Traffic::start(&fleet, seed);
    let mut chance = Chance::new(seed);
    let (begun, mut jumps) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(SECONDS) || jumps < 5 {
        let at = chance.below(fleet.clocks.len() as u64) as usize;
        fleet.clocks[at].jump(OFF[chance.below(OFF.len() as u64) as usize]);
        jumps += 1;
        fleet.kill_some(&mut chance).await;
    }
    let answered = compared(&provider, &mut fleet, traffic).await;
    assert!(answered > 50, "{answered}");
}

/// A clock that is more than five minutes off is booked at receipt, and the record is marked; one that is right again is believed
/// again.
#[tokio::test]
async fn a_clock_that_is_off_is_booked_at_receipt_and_marked() {
    let provider = Provider::start(2).await;
    let plan = Plan { sidecars: 1, clocks: true, ..Plan::default() };
    let fleet = Fleet::start(&provider.policy(), plan).await;
    let client = fleet.sidecars[0].client();
    for (number, off) in [0, 3 * DAY, 0, -2 * DAY, 280, 320].into_iter().enumerate() {
        fleet.clocks[0].jump(off);
        let before = jiff::Timestamp::now().as_second();
        let mut request = chat("r");
        request["messages"][0]["content"] = number.to_string().into();
        let answer = client.post(CHAT, request).await;
        let id = answer.header("x-generation-id").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        let record = booked(&fleet, &id).await;
        assert_eq!(record["clock_off"], off.abs() > 300, "off by {off} s: {record:#}");
        let at = record["created_at"].as_str().unwrap();
        let expected = before + if off.abs() > 300 { 0 } else { off };
        let seconds = at.parse::<jiff::Timestamp>().unwrap().as_second();
        assert!((expected - 1..expected + 10).contains(&seconds), "off by {off} s: booked at {at}");
    }
}

/// The record of a request, once it is booked.
async fn booked(fleet: &Fleet, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let client = Client::new(fleet.ledger().program.admin());
        let answer = client.get(&format!("/api/v1/generation?id={id}")).await;
        if answer.status == 200 {
            return answer.json()["data"].take();
        }
        assert!(begun.elapsed() < PATIENCE, "{id} is not booked: {}", answer.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
