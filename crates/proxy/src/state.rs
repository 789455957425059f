//! The published policy: the only file that knows how it is swapped.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use outrigger_route::{Candidate, Plan, Snapshot, snapshot::Provider};

pub(crate) mod labels;

use labels::Labels;

use crate::{
    error::Error,
    metrics::{
        Metrics,
        by_route::{Routes, TargetCounters},
        target::TargetMetrics,
    },
    signals::{Healths, Registry},
    upstream::{Upstreams, account::Account},
};

/// A snapshot with the health, the metric handles, the accounts and the labels of its targets, by slot, and the counters of
/// its routes.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) health: Healths,
    metrics: Vec<Arc<TargetMetrics>>,
    pub(crate) routes: Routes,
    pub(crate) accounts: Vec<Arc<Account>>,
    pub(crate) labels: Vec<Labels>,
    pub(crate) since: SystemTime,
    /// No policy was applied yet, and the snapshot stands in for one. An empty policy is a policy; this is none.
    pending: bool,
}

/// Readers load it once per request and keep what they loaded; a swap waits for nobody.
#[derive(Debug)]
pub(crate) struct State {
    current: ArcSwap<Published>,
    registry: Registry,
}

impl State {
    /// Without a snapshot, no policy was applied yet.
    pub(crate) fn new(snapshot: Option<Arc<Snapshot>>, metrics: &Metrics, upstreams: &Upstreams) -> Self {
        let registry = Registry::default();
        let pending = snapshot.is_none();
        let published = Published::new(snapshot.unwrap_or_default(), pending, &registry, metrics, upstreams);
        Self { current: ArcSwap::from_pointee(published), registry }
    }

    pub(crate) fn load(&self) -> Arc<Published> {
        self.current.load_full()
    }

    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>, metrics: &Metrics, upstreams: &Upstreams) {
        self.current.store(Arc::new(Published::new(snapshot, false, &self.registry, metrics, upstreams)));
    }
}

impl Published {
    fn new(
        snapshot: Arc<Snapshot>,
        pending: bool,
        registry: &Registry,
        metrics: &Metrics,
        upstreams: &Upstreams,
    ) -> Self {
        let mut of_provider: HashMap<*const Provider, Arc<Account>> = HashMap::new();
        let mut account = |provider: &Arc<Provider>| {
            let known = of_provider.entry(Arc::as_ptr(provider));
            known.or_insert_with(|| Arc::new(Account::new(provider, upstreams))).clone()
        };
        Self {
            health: registry.bind(&snapshot),
            metrics: snapshot.targets.iter().map(|target| TargetMetrics::register(&metrics.registry, target)).collect(),
            routes: Routes::of_policy(&snapshot),
            accounts: snapshot.targets.iter().map(|target| account(&target.provider)).collect(),
            labels: snapshot.targets.iter().map(|target| Labels::of(target)).collect(),
            snapshot,
            since: SystemTime::now(),
            pending,
        }
    }

    /// The policy that was applied, if one was.
    pub(crate) fn policy(&self) -> Option<&Arc<Snapshot>> {
        (!self.pending).then_some(&self.snapshot)
    }

    /// What is counted of a candidate of `plan`, which was made under this policy.
    pub(crate) fn counters(&self, plan: &Plan, candidate: &Candidate, metrics: &Metrics) -> Arc<TargetCounters> {
        self.routes.of_candidate(plan, candidate, &self.metrics, &metrics.registry)
    }

    /// Whether a request can be decided at all.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        if self.pending { Err(Error::PolicyPending) } else { Ok(()) }
    }
}
