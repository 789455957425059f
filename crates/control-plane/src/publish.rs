//! From the objects to what each workload's sidecars should hold.

mod encoded;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;
pub(crate) use encoded::{Encoded, Held};
use outrigger_catalog::Catalog;
use outrigger_compile::{Selection, Views, Workload, World};

use crate::{fleet::Fleet, lock::lock, metrics::Metrics};

/// Compiles the views that are asked for and keeps them up to date.
pub(crate) struct Publisher {
    catalog: Arc<Catalog>,
    fleet: Arc<Fleet>,
    metrics: Arc<Metrics>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// `None` until one could be read.
    world: Option<Arc<World>>,
    views: Views<Encoded>,
    subscriptions: BTreeMap<Workload, Arc<Subscription>>,
}

/// The view of one workload, as long as somebody needs it.
#[derive(Debug)]
pub(crate) struct Subscription {
    workload: Workload,
    view: ArcSwap<Encoded>,
}

impl Subscription {
    /// Whose it is.
    pub(crate) fn workload(&self) -> &Workload {
        &self.workload
    }

    /// What its sidecars should hold now.
    pub(crate) fn view(&self) -> Arc<Encoded> {
        self.view.load_full()
    }
}

impl Publisher {
    pub(crate) fn new(catalog: Arc<Catalog>, fleet: Arc<Fleet>, metrics: Arc<Metrics>) -> Self {
        Self { catalog, fleet, metrics, inner: Mutex::default() }
    }

    /// The subscription of `workload`, if it has one.
    pub(crate) fn known(&self, workload: &Workload) -> Option<Arc<Subscription>> {
        lock(&self.inner).subscriptions.get(workload).cloned()
    }

    /// The subscription of `workload`; its view is compiled if nobody had it. `None` while there is no policy. Blocks.
    pub(crate) fn subscribe(&self, workload: Workload) -> Option<Arc<Subscription>> {
        let mut inner = lock(&self.inner);
        if let Some(known) = inner.subscriptions.get(&workload) {
            return Some(known.clone());
        }
        let world = inner.world.clone()?;
        let encoded = inner.encode(&world, &workload, &self.catalog);
        let subscription = Arc::new(Subscription { workload: workload.clone(), view: ArcSwap::new(encoded) });
        inner.subscriptions.insert(workload, subscription.clone());
        self.count(&inner);
        Some(subscription)
    }

    /// Serves `world` from now on: every view that it changes is compiled and goes out. Blocks for as long as compiling
    /// takes.
    pub(crate) fn publish(&self, world: Arc<World>) {
        let mut inner = lock(&self.inner);
        inner.world = Some(world.clone());
        // Those that nobody is connected for go first.
        inner.subscriptions.retain(|_, subscription| Arc::strong_count(subscription) > 1);
        let subscriptions: Vec<_> = inner.subscriptions.values().cloned().collect();
        let mut changed = BTreeSet::new();
        for subscription in subscriptions {
            let encoded = inner.encode(&world, &subscription.workload, &self.catalog);
            if encoded.revision != subscription.view.load().revision {
                changed.insert(Arc::as_ptr(&subscription) as usize);
                subscription.view.store(encoded);
            }
        }
        let needed: BTreeSet<Selection> = inner.subscriptions.keys().map(|workload| world.select(workload)).collect();
        inner.views.retain(&needed);
        self.count(&inner);
        drop(inner);
        self.fleet.wake(|connection| changed.contains(&(Arc::as_ptr(&connection.subscription) as usize)));
    }

    fn count(&self, inner: &Inner) {
        self.metrics.views(inner.views.len(), inner.views.compilations());
    }
}

impl Inner {
    fn encode(&mut self, world: &World, workload: &Workload, catalog: &Catalog) -> Arc<Encoded> {
        self.views.view(&world.select(workload), world, catalog, |compiled, old| {
            let encoded = Encoded::new(&compiled.view);
            // What came out the same stays the same allocation, with the frames that were made of it.
            match old.filter(|old| old.revision == encoded.revision) {
                Some(old) => old.clone(),
                None => Arc::new(encoded),
            }
        })
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}
