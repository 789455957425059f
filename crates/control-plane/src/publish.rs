//! From the objects to what each workload's sidecars should hold.

mod encoded;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;
pub(crate) use encoded::{Encoded, Held};
use outrigger_catalog::Catalog;
use outrigger_compile::{Compiled, Selection, Views, Workload, World};

use crate::{fleet::Fleet, lock::lock, metrics::Metrics};

/// Compiles the views that are asked for and keeps them up to date.
pub(crate) struct Publisher {
    catalog: Arc<Catalog>,
    fleet: Arc<Fleet>,
    metrics: Arc<Metrics>,
    /// Held while something is compiled, which may take a while: never by a thread that streams wait for.
    compiler: Mutex<Compiler>,
    /// Held for a moment.
    subscriptions: Mutex<BTreeMap<Workload, Arc<Subscription>>>,
}

#[derive(Default)]
struct Compiler {
    /// `None` until one could be read.
    world: Option<Arc<World>>,
    views: Views,
    encoded: BTreeMap<Selection, (Arc<Compiled>, Arc<Encoded>)>,
}

/// The view of one workload, as long as somebody needs it.
#[derive(Debug)]
pub(crate) struct Subscription {
    view: ArcSwap<Encoded>,
}

impl Subscription {
    /// What its sidecars should hold now.
    pub(crate) fn view(&self) -> Arc<Encoded> {
        self.view.load_full()
    }
}

impl Publisher {
    pub(crate) fn new(catalog: Arc<Catalog>, fleet: Arc<Fleet>, metrics: Arc<Metrics>) -> Self {
        Self { catalog, fleet, metrics, compiler: Mutex::default(), subscriptions: Mutex::default() }
    }

    /// The subscription of `workload`, if it has one.
    pub(crate) fn known(&self, workload: &Workload) -> Option<Arc<Subscription>> {
        lock(&self.subscriptions).get(workload).cloned()
    }

    /// The subscription of `workload`; its view is compiled if nobody had it. `None` while there is no policy. Blocks.
    pub(crate) fn subscribe(&self, workload: Workload) -> Option<Arc<Subscription>> {
        // Nothing is published meanwhile, so what is compiled here is of the present world.
        let mut compiler = lock(&self.compiler);
        if let Some(known) = self.known(&workload) {
            return Some(known);
        }
        let world = compiler.world.clone()?;
        let encoded = compiler.encode(&world, &world.select(&workload), &self.catalog);
        let subscription = Arc::new(Subscription { view: ArcSwap::new(encoded) });
        lock(&self.subscriptions).insert(workload, subscription.clone());
        self.count(&compiler);
        Some(subscription)
    }

    /// Serves `world` from now on: every view that it changes is compiled and goes out. Blocks for as long as compiling
    /// takes.
    pub(crate) fn publish(&self, world: Arc<World>) {
        let mut compiler = lock(&self.compiler);
        compiler.world = Some(world.clone());
        let subscriptions: Vec<_> = {
            let mut all = lock(&self.subscriptions);
            // Those that nobody is connected for go first.
            all.retain(|_, subscription| Arc::strong_count(subscription) > 1);
            all.iter().map(|(workload, subscription)| (world.select(workload), subscription.clone())).collect()
        };
        let mut of: BTreeMap<&Selection, Arc<Encoded>> = BTreeMap::new();
        for (selection, _) in &subscriptions {
            of.entry(selection).or_insert_with(|| compiler.encode(&world, selection, &self.catalog));
        }
        let mut changed = BTreeSet::new();
        for (selection, subscription) in &subscriptions {
            let encoded = &of[selection];
            if encoded.revision != subscription.view.load().revision {
                changed.insert(Arc::as_ptr(subscription) as usize);
                subscription.view.store(encoded.clone());
            }
        }
        let needed: BTreeSet<Selection> = of.into_keys().cloned().collect();
        compiler.views.retain(&needed);
        compiler.encoded.retain(|selection, _| needed.contains(selection));
        self.count(&compiler);
        drop(compiler);
        self.fleet.wake(|connection| changed.contains(&(Arc::as_ptr(&connection.subscription) as usize)));
    }

    fn count(&self, compiler: &Compiler) {
        self.metrics.views(compiler.views.len(), compiler.views.compilations());
    }
}

impl Compiler {
    fn encode(&mut self, world: &World, selection: &Selection, catalog: &Catalog) -> Arc<Encoded> {
        let compiled = self.views.view(selection, world, catalog);
        let old = self.encoded.get(selection);
        if let Some((_, encoded)) = old.filter(|(from, _)| Arc::ptr_eq(from, &compiled)) {
            return encoded.clone();
        }
        // What came out the same stays the same allocation, with the frames that were made of it.
        let encoded = Arc::new(Encoded::new(&compiled.view));
        let encoded =
            old.map(|(_, old)| old).filter(|old| old.revision == encoded.revision).unwrap_or(&encoded).clone();
        self.encoded.insert(selection.clone(), (compiled, encoded.clone()));
        encoded
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}
