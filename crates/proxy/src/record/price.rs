//! What an answer cost, and who says so (U11).

use outrigger_catalog::{Catalog, Cost, Lacks, NanoUsd, Prices};
use outrigger_route::{Snapshot, Target, cost};
use outrigger_wire::Usage;

/// What one answer of one target cost, in nano-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    /// What is booked: the upstream's own word, else the price row's.
    pub(crate) cost: u64,
    /// What the price row makes of it, where the upstream's word was taken.
    pub(crate) estimate: Option<u64>,
    /// The upstream said it.
    pub(crate) stated: bool,
    /// It stands in the answer in two parts, which nothing may be put in place of.
    pub(crate) in_parts: bool,
    /// What the price row says nothing of; nothing where the upstream's word was taken.
    pub(crate) lacks: Lacks,
}

impl Price {
    /// Prices `usage` of `target`. `None` where neither the upstream nor a price row says anything (U6).
    pub(crate) fn of(target: &Target, snapshot: &Snapshot, usage: &Usage) -> Option<Self> {
        let other = |name: &str| other(target, snapshot, name);
        let listed = cost::cost_of_calls(usage, target.prices.as_ref(), other);
        let bill = usage.bill.as_deref();
        match (bill.and_then(|bill| bill.stated), listed) {
            (Some(stated), listed) => Some(Self {
                cost: stated.min(NanoUsd::ANSWER_CAP.0),
                estimate: listed.map(|cost| cost.total.0),
                stated: true,
                in_parts: bill.is_some_and(|bill| bill.stated_in_parts),
                lacks: Lacks::default(),
            }),
            (None, Some(Cost { total, lacks, .. })) => {
                Some(Self { cost: total.0, estimate: None, stated: false, in_parts: false, lacks })
            }
            (None, None) => None,
        }
    }
}

/// What booked an answer whose upstream said the cost itself.
pub(super) const UPSTREAM: &str = "upstream";

/// The price row of a target: its source and date; empty where it has none.
pub(crate) fn price_row(target: &Target) -> String {
    match &target.prices {
        Some(prices) if prices.as_of.is_empty() => prices.source.clone(),
        Some(prices) => format!("{} {}", prices.source, prices.as_of),
        None => String::new(),
    }
}

/// The prices of another model that took part in an answer of `target`'s, by its vendor's name: the policy's, else those that
/// this program was built with.
fn other(target: &Target, snapshot: &Snapshot, name: &str) -> Option<Prices> {
    if *target.upstream_name == *name {
        return target.prices.clone();
    }
    let beside = snapshot.targets.iter().find(|other| {
        other.provider.name == target.provider.name && *other.upstream_name == *name && other.prices.is_some()
    });
    match beside {
        Some(beside) => beside.prices.clone(),
        None => Catalog::shipped_price(&target.provider.slug, name),
    }
}
