//! What the attempts of one request may look at.

use std::{sync::Arc, time::Duration};

use outrigger_route::{Plan, Target};
use outrigger_wire::{Operation, translate};

use crate::{
    allowance::Allowance,
    clock::Clock,
    intake::{Reading, Taken},
    ledger::sheet::Sheet,
    metrics::{Metrics, by_route::TargetCounters},
    state::Published,
    tokens::Tokens,
    trace::trail::Trail,
};

/// Everything an attempt may look at.
pub(crate) struct Context<'a> {
    pub(crate) clock: Clock,
    pub(crate) metrics: &'a Metrics,
    pub(crate) allowance: &'a Allowance,
    pub(crate) tokens: &'a Tokens,
    pub(crate) published: &'a Arc<Published>,
    pub(crate) taken: &'a Taken,
    pub(crate) reading: &'a Reading<'a>,
    pub(crate) plan: &'a Plan,
    /// Id of the request.
    pub(crate) id: &'a str,
    /// What the ledger will be told, where there is one.
    pub(crate) sheet: Option<&'a Sheet>,
    /// What is traced, if anything is.
    pub(crate) trail: Option<&'a Trail>,
    /// When `timeouts.total` runs out.
    pub(crate) deadline: Duration,
}

impl Context<'_> {
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// What is counted of a candidate.
    pub(super) fn counters(&self, at: usize) -> Arc<TargetCounters> {
        self.published.counters(self.plan, &self.plan.candidates[at], self.metrics)
    }

    /// The operation that `target` is asked for; `None`: it is asked for nothing, the answer is made here.
    pub(crate) fn upstream(&self, target: &Target) -> Option<Operation> {
        translate::upstream(self.taken.operation, &target.provider.dialects)
    }
}
