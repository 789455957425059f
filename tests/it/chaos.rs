//! Sidecars, their control plane and the ledger are killed at random under traffic, disks are full, clocks jump; then the provider's own books are held
//! against the ledger's, to the token and the nano-dollar.
//!
//! `OUTRIGGER_CHAOS_SEED` and `OUTRIGGER_CHAOS_SECONDS` say which chaos, and how much of it.

mod books;
mod chance;
mod clocks;
mod disks;
mod fleet;
mod postgres;

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::harness::*;
use books::Provider;
use chance::Chance;
use fleet::{Fleet, Plan};

const CHAT: &str = "/v1/chat/completions";
/// Callers at a time.
const CALLERS: u64 = 6;
/// So many requests at least, however slow the machine.
const ENOUGH: u64 = 120;
/// A process that is silent is soon a gap.
const SOON: &[&str] = &["--silent", "4s"];
/// How much chaos where nobody says.
const SECONDS: u64 = 20;

fn named(name: &str) -> Option<u64> {
    env::var_os(name)?.to_str()?.parse().ok()
}

/// Callers who ask until they are told to stop. Each request has a number of its own.
struct Traffic {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    callers: JoinSet<u64>,
}

impl Traffic {
    fn start(fleet: &Fleet, seed: u64) -> Self {
        let (stop, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (stop, asked, addresses) = (stop.clone(), asked.clone(), fleet.addresses());
            let mut chance = Chance::new(seed ^ (caller + 1));
            callers.spawn(async move {
                let mut answered = 0;
                while !stop.load(Relaxed) {
                    let number = asked.fetch_add(1, Relaxed);
                    let client = Client::new(addresses[chance.below(addresses.len() as u64) as usize]);
                    let client = client.header("x-outrigger-tag-number", &number.to_string());
                    let mut request = match chance.below(3) {
                        0 => chat("r"),
                        1 => chat_streamed("r"),
                        _ => chat_streamed_with_usage("r"),
                    };
                    request["messages"][0]["content"] = number.to_string().into();
                    // Whoever is killed answers nobody.
                    let answer = client.try_post(CHAT, request).await;
                    answered += u64::from(answer.is_ok_and(|it| it.status == 200 && it.end == End::Clean));
                    tokio::time::sleep(Duration::from_millis(chance.below(40))).await;
                }
                answered
            });
        }
        Self { stop, asked, callers }
    }

    /// How many were asked, and how many of them were answered whole.
    async fn end(self) -> (u64, u64) {
        let begun = Instant::now();
        while self.asked.load(Relaxed) < ENOUGH {
            assert!(begun.elapsed() < PATIENCE, "nobody asks");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.stop.store(true, Relaxed);
        let answered = self.callers.join_all().await.into_iter().sum();
        (self.asked.load(Relaxed), answered)
    }
}

/// Ends it, has all told, and holds the ledger against the provider's own books: there is no gap. Answers how many requests were
/// answered whole.
async fn compared(provider: &Provider, fleet: &mut Fleet, traffic: Traffic) -> u64 {
    let (asked, answered) = traffic.end().await;
    fleet.drain().await;
    let booked = fleet.booked().await;
    println!("{asked} asked, {answered} answered; killed {:?}; {}", fleet.kills, booked.summary());
    let lost = provider.compare(&booked);
    // What has no record was begun, and says so. What was begun need not have been sent: one a caller for each kill.
    let most = lost + u64::from(fleet.kills.sidecars) * CALLERS;
    assert!((lost..=most).contains(&booked.unknown), "{lost} without a record, {} unknown", booked.unknown);
    assert_eq!(fleet.gaps().await, serde_json::json!([]));
    answered
}

/// U5, M6: whoever is killed, and whatever comes late, twice or never: what the provider billed is what the ledger booked, and what
/// nobody can know the end of is booked as unknown. Nothing is missing, because no disk was lost.
#[tokio::test]
async fn the_providers_books_are_the_ledgers() {
    let seed = named("OUTRIGGER_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let seconds = named("OUTRIGGER_CHAOS_SECONDS").unwrap_or(SECONDS);
    println!("OUTRIGGER_CHAOS_SEED={seed} OUTRIGGER_CHAOS_SECONDS={seconds}");
    let provider = Provider::start(seed).await;
    let mut fleet = Fleet::start(&provider.policy(), Plan { sidecars: 3, ..Plan::default() }).await;
    let traffic = Traffic::start(&fleet, seed);
    let mut chance = Chance::new(seed);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) || !fleet.kills.are_chaos() {
        fleet.kill_some(&mut chance).await;
    }
    let answered = compared(&provider, &mut fleet, traffic).await;
    assert!(answered > 50, "{answered}");
}

/// A disk that is lost with its pod is a hole in its epoch: it is listed, and no larger than what had not been acknowledged.
#[tokio::test]
async fn a_lost_disk_is_a_hole_that_is_listed() {
    let seed = 7;
    let provider = Provider::start(seed).await;
    let mut fleet = Fleet::start(&provider.policy(), Plan { sidecars: 2, ledger: SOON, ..Plan::default() }).await;
    let traffic = Traffic::start(&fleet, seed);
    tokio::time::sleep(Duration::from_secs(3)).await;
    fleet.kill_ledger(0);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let (asked, _) = traffic.end().await;
    let waiting = fleet.sidecars[0].metrics().await.sum("outrigger_ledger_waiting", &[]) as u64;
    assert!(waiting > 0, "all of it was told already");
    fleet.lose(0).await;
    fleet.ledgers[0].program.start().await;
    fleet.drain().await;
    let gap = fleet.gap().await;
    assert_eq!((&gap["open"], &gap["pod"]), (&true.into(), &"web-0".into()), "{gap:#}");
    // What began there is booked as unknown by the next look at what is silent.
    let (_, printed, complaint) = fleet.ledger().usage(&["gaps"]).await;
    assert!(printed.contains("web-0"), "{printed}{complaint}");
    let booked = fleet.booked().await;
    let lost = provider.compare(&booked);
    println!(
        "{asked} asked, {lost} attempts without a record, {waiting} entries not acknowledged; {}",
        booked.summary()
    );
    assert!(lost > 0 && lost <= waiting, "{lost} attempts are missing, {waiting} entries were not acknowledged");
}
