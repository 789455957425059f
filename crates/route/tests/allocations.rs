//! What one decision allocates.

#[path = "../benches/catalogue/mod.rs"]
mod catalogue;

use std::time::Duration;

use catalogue::{Measured, POPULAR, snapshot};
use outrigger_route::{Ask, Snapshot, plan};
use outrigger_wire::Operation;

fn allocations(snapshot: &Snapshot, ask: &Ask<'_>) -> (u64, u64) {
    let info = allocation_counter::measure(|| {
        assert!(plan(snapshot, ask, &Measured, Duration::ZERO, 7).is_ok());
    });
    (info.count_total, info.bytes_total)
}

/// A plan over sixty candidates takes a few allocations, and no more when the catalogue is ten times as large.
#[test]
fn a_plan_allocates_little_whatever_the_size_of_the_catalogue() {
    let (small, large) = (snapshot(400, 60), snapshot(4000, 60));
    let ask = Ask::of(Operation::ChatCompletions, POPULAR);
    let (count, bytes) = allocations(&small, &ask);
    println!("{count} allocations, {bytes} bytes");
    assert_eq!(allocations(&large, &ask), (count, bytes));
    assert!(count <= 1, "{count} allocations");
}

/// What is removed costs its list and no more.
#[test]
fn removals_cost_one_list() {
    let (small, large) = (snapshot(400, 60), snapshot(4000, 60));
    let mut ask = Ask::of(Operation::ChatCompletions, POPULAR);
    ask.preferences.only = vec!["provider-1".into(), "provider-2".into()];
    let (count, bytes) = allocations(&small, &ask);
    println!("{count} allocations, {bytes} bytes");
    assert_eq!(allocations(&large, &ask), (count, bytes));
    assert!(count <= 8, "{count} allocations");
}
