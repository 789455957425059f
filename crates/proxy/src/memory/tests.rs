//! Uploads and small requests side by side, on a clock of their own.

use tokio::{task::JoinSet, time::sleep};

use super::*;

const MIB: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(10);
const MS: Duration = Duration::from_millis(1);

/// A body of `length` bytes comes in pieces of 64 KiB, one each `pace`, and is held for `held` behind its last.
async fn upload(memory: Memory, length: usize, announced: bool, pace: Duration, held: Duration) -> bool {
    let (mut share, mut patience, mut came) = (Share::default(), PATIENCE, 0);
    while came < length {
        sleep(pace).await;
        came = (came + (64 << 10)).min(length);
        if memory.grow(&mut share, came, announced.then_some(length), &mut patience).await.is_err() {
            return false;
        }
    }
    share.came();
    share.uncopied();
    sleep(held).await;
    true
}

/// As a request does: at once where it can. How long it waited, or that it was refused.
async fn small(memory: &Memory, length: usize) -> Result<(Share, Duration), Spent> {
    let (begun, mut patience) = (Instant::now(), PATIENCE);
    let mut share = memory.at_once(length).unwrap_or_default();
    memory.grow(&mut share, length, Some(length), &mut patience).await?;
    Ok((share, begun.elapsed()))
}

/// H4, H5: beside 50 uploads of 20 MiB, with and without a length, no small request is refused, and none waits for room.
#[tokio::test(start_paused = true)]
async fn small_requests_do_not_wait_for_uploads() {
    let memory = Memory::new(64 * MIB);
    let mut uploads = JoinSet::new();
    for number in 0..50 {
        uploads.spawn(upload(memory.clone(), 20 * MIB, number % 2 == 0, MS, Duration::from_secs(1)));
    }
    let mut smalls = JoinSet::new();
    for number in 0..2_000 {
        let (share, waited) = small(&memory, 1_000 + number % 10_000).await.unwrap();
        assert!(waited <= 50 * MS, "{waited:?}");
        assert!(memory.in_use() <= 64 * MIB, "{}", memory.in_use());
        // It is held until its answer begins.
        smalls.spawn(async move {
            sleep(Duration::from_secs(2)).await;
            drop(share);
        });
        sleep(5 * MS).await;
    }
    let taken = uploads.join_all().await.into_iter().filter(|taken| *taken).count();
    assert!(taken >= 10, "{taken} of 50 uploads were taken");
    smalls.join_all().await;
    assert_eq!(memory.in_use(), 0);
}

/// H5: a body without a length waits for room as others do, and is taken.
#[tokio::test(start_paused = true)]
async fn a_body_without_a_length_waits_for_room() {
    let memory = Memory::new(64 * MIB);
    let first = tokio::spawn(upload(memory.clone(), 20 * MIB, true, MS, Duration::from_secs(5)));
    sleep(400 * MS).await;
    assert_eq!(memory.in_use(), 20 * MIB);
    assert!(upload(memory.clone(), 20 * MIB, false, MS, MS).await);
    assert!(first.await.unwrap());
    // One that is larger than everything is taken when it is alone.
    assert!(upload(memory.clone(), 40 * MIB, false, MS, MS).await);
    assert_eq!(memory.in_use(), 0);
}

/// H4: uploads that stop do not stop others; what they hold is what came of them.
#[tokio::test(start_paused = true)]
async fn uploads_that_fall_silent_hold_what_came_and_nothing_else() {
    let memory = Memory::new(64 * MIB);
    let silent: Vec<_> =
        (0..20).map(|_| tokio::spawn(upload(memory.clone(), 20 * MIB, true, Duration::from_secs(3600), MS))).collect();
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let (mut share, mut patience) = (Share::default(), PATIENCE);
        memory.grow(&mut share, 64 << 10, Some(20 * MIB), &mut patience).await.unwrap();
        stalled.push(share);
        sleep(LIVELY + MS).await;
    }
    assert_eq!(memory.in_use(), 20 * 2 * (2 << 16));
    let begun = Instant::now();
    assert!(upload(memory.clone(), 10 * MIB, true, MS, MS).await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    silent.iter().for_each(tokio::task::JoinHandle::abort);
}

/// More small ones than their lane holds go where large ones leave room, and wait only where nobody does.
#[tokio::test(start_paused = true)]
async fn small_requests_use_what_large_ones_leave() {
    let memory = Memory::new(8 * MIB);
    let mut held = Vec::new();
    while let Ok((share, waited)) = small(&memory, 50_000).await {
        if !waited.is_zero() {
            break;
        }
        held.push(share);
    }
    assert!((70..=84).contains(&held.len()), "{}", held.len());
    drop(held);
    assert_eq!(memory.in_use(), 0);
}
