//! The published policy: the only file that knows how it is swapped.

use std::{sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use outrigger_route::Snapshot;

use crate::{
    metrics::{Metrics, TargetMetrics},
    signals::{Healths, Registry},
};

/// A snapshot with the health and the metric handles of its targets, by slot.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) health: Healths,
    pub(crate) metrics: Vec<Arc<TargetMetrics>>,
    pub(crate) since: SystemTime,
}

/// Readers load it once per request and keep what they loaded; a swap waits for nobody.
#[derive(Debug)]
pub(crate) struct State {
    current: ArcSwap<Published>,
    registry: Registry,
}

impl State {
    pub(crate) fn new(snapshot: Arc<Snapshot>, metrics: &Metrics) -> Self {
        let registry = Registry::default();
        let published = Published::new(snapshot, &registry, metrics);
        Self { current: ArcSwap::from_pointee(published), registry }
    }

    pub(crate) fn load(&self) -> Arc<Published> {
        self.current.load_full()
    }

    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>, metrics: &Metrics) {
        self.current.store(Arc::new(Published::new(snapshot, &self.registry, metrics)));
    }
}

impl Published {
    fn new(snapshot: Arc<Snapshot>, registry: &Registry, metrics: &Metrics) -> Self {
        Self {
            health: registry.bind(&snapshot),
            metrics: snapshot.targets.iter().map(|target| metrics.of_target(target)).collect(),
            snapshot,
            since: SystemTime::now(),
        }
    }
}
