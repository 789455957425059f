//! Who answered.

use std::{sync::Arc, time::Duration};

use outrigger_route::Target;
use outrigger_wire::{Operation, translate};

use super::price::{self, Price};
use crate::{metrics::by_route::TargetCounters, signals::Bound, state::Published};

/// The target that answered, under which policy.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) target: Arc<Target>,
    pub(crate) published: Arc<Published>,
    pub(crate) counters: Arc<TargetCounters>,
    /// When its upstream request was sent.
    pub(crate) sent: Duration,
    /// Place of the key used among the provider's.
    pub(crate) key: Option<usize>,
    /// Which of the request's calls it is, where a ledger is told.
    pub(crate) call: Option<usize>,
}

impl Served {
    pub(super) fn health(&self) -> &Bound {
        &self.published.health[self.target.slot as usize]
    }

    /// What it was asked for in place of the caller's `operation`.
    pub(super) fn asked(&self, operation: Operation) -> Operation {
        translate::upstream(operation, &self.target.provider.dialects).unwrap_or(operation)
    }

    /// What booked `price`: the upstream, or the price row of who answered.
    pub(super) fn priced_by(&self, price: &Price) -> &str {
        if price.stated { price::UPSTREAM } else { &self.published.labels[self.target.slot as usize].price_row }
    }
}
