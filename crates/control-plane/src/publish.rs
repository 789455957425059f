//! From the objects to what each workload's sidecars should hold.

mod encoded;
mod keys;
mod parts;
mod subscription;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::SystemTime,
};

use arc_swap::{ArcSwap, ArcSwapOption};
pub(crate) use encoded::{Encoded, Held};
pub(crate) use keys::{Holds, Keys};
use outrigger_catalog::Catalog;
use outrigger_compile::{Selection, Views, Workload, World};
pub(crate) use parts::{Standing, object_of};
pub(crate) use subscription::Subscription;
use tokio::sync::Notify;

use crate::{
    fleet::{Connection, Fleet},
    lock::lock,
    metrics::Metrics,
};

/// Compiles the views that are asked for and keeps them up to date.
pub(crate) struct Publisher {
    catalog: Arc<Catalog>,
    fleet: Arc<Fleet>,
    metrics: Arc<Metrics>,
    /// Held while something is compiled, which may take a while: never by a thread that streams wait for.
    compiler: Mutex<Compiler>,
    /// Held for a moment.
    subscriptions: Mutex<BTreeMap<Arc<Workload>, Arc<Subscription>>>,
    /// What every present view was compiled from.
    published: ArcSwapOption<World>,
    /// Labels of namespaces have changed.
    namespaces: Notify,
    /// How many there may be before those that nobody needs are looked for.
    swept: AtomicUsize,
}

/// So many subscriptions are no reason to look for unneeded ones.
const SWEEP: usize = 1024;

#[derive(Default)]
struct Compiler {
    /// `None` until one could be read.
    world: Option<Arc<World>>,
    views: Views<Encoded>,
    /// Views that are asked for beside those of subscriptions, and so kept.
    also: BTreeSet<Selection>,
}

/// Another world is served than was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changed;

impl Publisher {
    pub(crate) fn new(catalog: Arc<Catalog>, fleet: Arc<Fleet>, metrics: Arc<Metrics>) -> Self {
        Self {
            catalog,
            fleet,
            metrics,
            compiler: Mutex::default(),
            subscriptions: Mutex::default(),
            published: ArcSwapOption::empty(),
            namespaces: Notify::new(),
            swept: AtomicUsize::new(SWEEP),
        }
    }

    /// What every present view was compiled from, but for those that are behind. While one is being published: the one
    /// before.
    pub(crate) fn published(&self) -> Option<Arc<World>> {
        self.published.load_full()
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
        let encoded = compiler.try_encode(&world, &world.select(&workload), &self.catalog)?;
        encoded.prepare_from_nothing();
        let workload = Arc::new(workload);
        let subscription = Arc::new(Subscription {
            workload: workload.clone(),
            view: ArcSwap::new(encoded),
            behind: AtomicBool::new(false),
        });
        let mut subscriptions = lock(&self.subscriptions);
        // Workloads come and go without any edit, too.
        if subscriptions.len() >= self.swept.load(Relaxed) {
            sweep(&mut subscriptions);
            self.swept.store(2 * subscriptions.len() + SWEEP, Relaxed);
        }
        subscriptions.insert(workload, subscription.clone());
        drop(subscriptions);
        self.count(&compiler);
        Some(subscription)
    }

    /// Serves `world` from now on: every view that it changes is compiled and goes out. Blocks for as long as compiling
    /// takes.
    pub(crate) fn publish(&self, world: Arc<World>) {
        let mut compiler = lock(&self.compiler);
        compiler.world = Some(world.clone());
        let all: Vec<_> = {
            let mut all = lock(&self.subscriptions);
            sweep(&mut all);
            all.values().cloned().collect()
        };
        let subscriptions: Vec<_> =
            all.into_iter().map(|subscription| (world.select(&subscription.workload), subscription)).collect();
        let mut of: BTreeMap<&Selection, Option<Arc<Encoded>>> = BTreeMap::new();
        for (selection, _) in &subscriptions {
            of.entry(selection).or_insert_with(|| compiler.try_encode(&world, selection, &self.catalog));
        }
        let mut changed = BTreeSet::new();
        for (selection, subscription) in &subscriptions {
            subscription.behind.store(of[selection].is_none(), Relaxed);
            let Some(encoded) = &of[selection] else { continue };
            let held = subscription.view.load_full();
            if encoded.revision != held.revision {
                // Here, where nobody waits, and not where the first of a thousand streams asks for it.
                encoded.prepare(held);
                changed.insert(Arc::as_ptr(subscription) as usize);
                subscription.view.store(encoded.clone());
            }
        }
        let needed: BTreeSet<Selection> = of.into_keys().chain(&compiler.also).cloned().collect();
        compiler.views.retain(&needed);
        self.count(&compiler);
        drop(compiler);
        let before = self.published.swap(Some(world.clone()));
        self.fleet.touch();
        let concerned =
            |connection: &Connection| changed.contains(&(Arc::as_ptr(&connection.seat().subscription) as usize));
        self.fleet.wake(concerned, SystemTime::now());
        if before.is_none_or(|before| before.namespaces != world.namespaces) {
            self.namespaces.notify_one();
        }
    }

    /// The view of `selection` in `world`, if that is what is served; `None` if it cannot be compiled. Blocks.
    ///
    /// # Errors
    ///
    /// If another world is served.
    pub(crate) fn view_in(&self, world: &Arc<World>, selection: &Selection) -> Result<Option<Arc<Encoded>>, Changed> {
        let mut compiler = lock(&self.compiler);
        if !compiler.world.as_ref().is_some_and(|served| Arc::ptr_eq(served, world)) {
            return Err(Changed);
        }
        Ok(compiler.try_encode(world, selection, &self.catalog))
    }

    /// Keeps these views beside those of subscriptions, in place of others: what [`view_in`](Self::view_in) was asked for.
    pub(crate) fn keep(&self, also: BTreeSet<Selection>) {
        lock(&self.compiler).also = also;
    }

    /// A label of a namespace, as served.
    pub(crate) fn namespace_label(&self, namespace: &str, key: &str) -> Option<String> {
        self.published.load().as_ref()?.namespaces.get(namespace)?.get(key).cloned()
    }

    /// Waits until labels of namespaces have changed. For one who waits.
    pub(crate) async fn namespaces_changed(&self) {
        self.namespaces.notified().await;
    }

    fn count(&self, compiler: &Compiler) {
        self.metrics.views(compiler.views.len(), compiler.views.compilations());
    }
}

/// Takes out those that nobody is connected for.
fn sweep(subscriptions: &mut BTreeMap<Arc<Workload>, Arc<Subscription>>) {
    subscriptions.retain(|_, subscription| Arc::strong_count(subscription) > 1);
}

impl Compiler {
    /// `None` if compiling it brings out a bug of ours: that is no reason to hold up anybody else's view.
    fn try_encode(&mut self, world: &World, selection: &Selection, catalog: &Catalog) -> Option<Arc<Encoded>> {
        let encoded = panic::catch_unwind(AssertUnwindSafe(|| self.encode(world, selection, catalog)));
        if encoded.is_err() {
            tracing::error!(
                code = "view_not_compiled",
                namespace = selection.namespace,
                "compiling this view failed; its sidecars go on with what they hold"
            );
        }
        encoded.ok()
    }

    fn encode(&mut self, world: &World, selection: &Selection, catalog: &Catalog) -> Arc<Encoded> {
        self.views.view(selection, world, catalog, |compiled, old| {
            let encoded = Encoded::new(&compiled.view, selection);
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
