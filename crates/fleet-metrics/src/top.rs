//! What is going on, by workload, for people.

use std::{collections::BTreeMap, sync::Arc};

use crate::{families, fleet::Fleet, owner::Owner};

/// What is known of the sidecars of a workload that are connected to this replica.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// How many there are.
    pub sidecars: usize,
    /// How many of them have shown a page.
    pub seen: usize,
    /// Requests being answered, as of each one's last page.
    pub live: f64,
    /// Requests a second, between each one's last two pages.
    pub requests_per_second: f64,
    /// Requests that moved on from a target, a second.
    pub failovers_per_second: f64,
    /// What requests cost, in US dollars a second.
    pub usd_per_second: f64,
    /// Requests that were added up, by this replica.
    pub requests: f64,
    /// Requests that moved on from a target.
    pub failovers: f64,
    /// What requests cost, in US dollars.
    pub usd: f64,
}

impl Fleet {
    /// Every workload that has sidecars here, or of which something was added up.
    pub fn top(&self) -> BTreeMap<Arc<Owner>, Row> {
        let mut rows: BTreeMap<Arc<Owner>, Row> = BTreeMap::new();
        for member in self.members.values().filter(|member| !member.away) {
            let row = rows.entry(member.owner.clone()).or_default();
            row.sidecars += 1;
            row.seen += usize::from(member.seen.is_some());
            row.requests_per_second += member.pace.requests;
            row.failovers_per_second += member.pace.failovers;
            row.usd_per_second += member.pace.nano_usd / 1e9;
        }
        for group in self.sums.sorted() {
            let family = families::at(group.key.family);
            let row = rows.entry(group.key.owner.clone()).or_default();
            match family.of {
                "outrigger_requests_in_flight" => row.live += group.value,
                "outrigger_requests_total" => row.requests += group.value,
                "outrigger_fallbacks_total" => row.failovers += group.value,
                "outrigger_cost_nano_usd_total" => row.usd += group.value / 1e9,
                _ => {}
            }
        }
        rows
    }
}
