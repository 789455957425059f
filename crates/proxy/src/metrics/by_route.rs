//! What is counted by route: which counters a policy may need, each registered when it is first needed, so that later
//! requests only find it.
//!
//! Counters exist for a route and the targets that it names, and for targets without a route; never for a route and a
//! target that it does not name. A registry forgets no series: those of routes that no policy names any more keep their
//! last value until the process ends. They are as many as routes' lines that policies named *and* requests used, which
//! whoever writes policy decides and no caller.

use std::sync::{Arc, OnceLock};

use metrics::Counter;
use outrigger_route::{Candidate, Plan, Snapshot, snapshot::Route};
use outrigger_telemetry::Registry;
use outrigger_wire::Operation;

use super::{
    families::{ATTEMPTS, COST, TOKENS},
    outcome::Outcome,
    target::TargetMetrics,
};

/// The counters of every route of one policy.
#[derive(Debug)]
pub(crate) struct Routes {
    direct: Arc<RouteCounters>,
    /// By the route's address, in order: a plan has the very route, so nothing is hashed to find it.
    named: Vec<(usize, Arc<RouteCounters>)>,
}

/// The counters of one route.
#[derive(Debug)]
pub(crate) struct RouteCounters {
    route: Arc<Route>,
    ok: ByOperation,
    cancelled: ByOperation,
    /// As the route's targets are written; those of the direct route by slot.
    targets: Box<[OnceLock<Arc<TargetCounters>>]>,
}

/// Requests that ended in one way, by operation.
type ByOperation = [OnceLock<Counter>; Operation::ALL.len()];

/// The counters of a target as one route reaches it.
#[derive(Debug)]
pub(crate) struct TargetCounters {
    pub(super) route: Arc<Route>,
    pub(super) target: Arc<TargetMetrics>,
    pub(super) ok: Counter,
    pub(super) tokens: [Counter; 5],
    pub(super) cost: Counter,
}

impl Routes {
    pub(crate) fn of_policy(snapshot: &Snapshot) -> Self {
        let mut named: Vec<_> = snapshot.routes.values().map(|route| (address(route), route)).collect();
        // A route has several names.
        named.sort_unstable_by_key(|(address, _)| *address);
        named.dedup_by_key(|(address, _)| *address);
        let counters = |route: &Arc<Route>, targets| Arc::new(RouteCounters::new(route.clone(), targets));
        Self {
            direct: counters(&snapshot.direct, snapshot.targets.len()),
            named: named.into_iter().map(|(at, route)| (at, counters(route, route.targets.len()))).collect(),
        }
    }

    /// Those of a route of this policy.
    pub(crate) fn of(&self, route: &Arc<Route>) -> &Arc<RouteCounters> {
        if Arc::ptr_eq(route, &self.direct.route) {
            return &self.direct;
        }
        match self.named.binary_search_by_key(&address(route), |(address, _)| *address) {
            Ok(at) => &self.named[at].1,
            // A broken answer is continued under a copy of its route, with attempts of its own.
            Err(_) => self
                .named
                .iter()
                .map(|(_, counters)| counters)
                .find(|counters| counters.route.name == route.name)
                .unwrap_or(&self.direct),
        }
    }

    /// Those of the target of a plan's candidate, whose handles by slot are `targets`.
    pub(crate) fn of_candidate(
        &self,
        plan: &Plan,
        candidate: &Candidate,
        targets: &[Arc<TargetMetrics>],
        registry: &Registry,
    ) -> Arc<TargetCounters> {
        let counters = self.of(plan.route_of(candidate));
        let slot = candidate.target.slot as usize;
        let at = if Arc::ptr_eq(counters, &self.direct) { slot } else { candidate.line as usize };
        let register = || Arc::new(TargetCounters::register(registry, &counters.route, &targets[slot]));
        counters.targets[at].get_or_init(register).clone()
    }
}

impl TargetCounters {
    /// What is counted of `target` as `route` reaches it.
    fn register(registry: &Registry, route: &Arc<Route>, target: &Arc<TargetMetrics>) -> Self {
        let labels = [("route", &*route.name), ("provider", &*target.provider), ("model", &*target.model)];
        let with = |name, value| [labels[0], labels[1], labels[2], (name, value)];
        Self {
            ok: registry.counter(&ATTEMPTS, &with("outcome", "ok")),
            tokens: ["input", "output", "cache_read", "cache_write", "reasoning"]
                .map(|kind| registry.counter(&TOKENS, &with("type", kind))),
            cost: registry.counter(&COST, &labels),
            route: route.clone(),
            target: target.clone(),
        }
    }
}

impl RouteCounters {
    fn new(route: Arc<Route>, targets: usize) -> Self {
        let targets = (0..targets).map(|_| OnceLock::new()).collect();
        Self { route, ok: Default::default(), cancelled: Default::default(), targets }
    }

    pub(super) fn name(&self) -> &str {
        &self.route.name
    }

    /// The counter of requests that ended so, kept for the ends that come often and have one code each.
    pub(super) fn ended(&self, operation: Operation, outcome: Outcome, register: impl FnOnce() -> Counter) -> Counter {
        let kept = match outcome {
            Outcome::Ok => &self.ok,
            Outcome::Cancelled => &self.cancelled,
            Outcome::Error | Outcome::Broken => return register(),
        };
        kept[operation as usize].get_or_init(register).clone()
    }
}

fn address(route: &Arc<Route>) -> usize {
    Arc::as_ptr(route).addr()
}

#[cfg(test)]
mod tests;
