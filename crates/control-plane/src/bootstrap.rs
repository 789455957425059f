//! What pods of a namespace start with while no control plane can be asked: the views of the workloads that are known there,
//! and of one that nothing selects, without keys: of these, where they lie. Made by the replica that leads, whenever something
//! has changed.

mod keys;
mod known;
mod layout;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use outrigger_api::bootstrap::{File, MAPS, TooLarge};
use outrigger_cluster::pods::Labels;
use outrigger_cluster::{
    Cluster, Pods,
    bootstrap::{self, All, Standing},
};
use outrigger_compile::{Workload, World};
use tokio::sync::watch;

use crate::{
    fleet::Fleet,
    metrics::Metrics,
    publish::{Changed, Encoded, Publisher},
};
use layout::{Layout, Places, View};
pub(crate) use write::write;

/// How often it is looked whether policy or namespaces have changed.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is made again whatever has changed: pods and sidecars come and go.
const AGAIN: Duration = Duration::from_secs(10);

/// All that it is made of.
pub(crate) struct Setup {
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) pods: Pods,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) leading: watch::Receiver<bool>,
    /// Those that have sidecars, or are about to.
    pub(crate) namespaces: watch::Receiver<BTreeSet<String>>,
    /// Only of these: what is left elsewhere is another installation's. `None`: all are ours.
    pub(crate) only: Option<BTreeSet<String>>,
}

/// Keeps it up to date, in tasks of its own. `instance`: which replica this is.
pub(crate) fn follow(cluster: &Cluster, instance: String, setup: Setup) {
    let (send, left) = watch::channel(None);
    let standing = bootstrap::follow(cluster, MAPS, instance, &setup.leading, &left);
    tokio::spawn(run(setup, standing, send));
}

async fn run(mut setup: Setup, standing: watch::Receiver<Standing>, send: watch::Sender<Option<All>>) {
    let mut maker = Maker::new(setup.publisher.clone());
    let mut made: Option<(Instant, Arc<World>, BTreeSet<String>)> = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let Standing { there, written, refused } = standing.borrow().clone();
        setup.metrics.bootstraps(written, refused);
        if !*setup.leading.borrow() {
            made = None;
            setup.metrics.bootstrap_views(0, 0);
            if setup.leading.wait_for(|leads| *leads).await.is_err() {
                return;
            }
            continue;
        }
        // Before it is looked at: whoever receives a newer policy does so later than this.
        let now = SystemTime::now();
        let Some(world) = setup.publisher.published() else { continue };
        let mut namespaces = setup.namespaces.borrow().clone();
        // What was left once is kept up to date for as long as it is there: an old one may be wider than the policy of today.
        let ours = |name: &String| setup.only.as_ref().is_none_or(|only| only.contains(name));
        namespaces.extend(there.into_iter().flatten().filter(ours));
        namespaces.retain(|name| world.namespaces.contains_key(name));
        let fresh = |(at, of, names): &(Instant, Arc<World>, BTreeSet<String>)| {
            at.elapsed() < AGAIN && Arc::ptr_eq(of, &world) && *names == namespaces
        };
        if made.as_ref().is_some_and(fresh) {
            continue;
        }
        let connected = setup.fleet.connections().iter().map(|it| it.workload()).collect();
        let (pods, of, names) = (setup.pods.clone(), world.clone(), namespaces.clone());
        // Compiling takes milliseconds that no stream should wait for.
        let making = tokio::task::spawn_blocking(move || {
            let left = maker.make(&of, &names, connected, &pods.labels_in(&names), now);
            (maker, left)
        });
        let left = match making.await {
            Ok((back, left)) => {
                maker = back;
                left
            }
            // A bug of ours that this policy brought out: the next edit has its own chance.
            Err(error) => {
                tracing::error!(code = "bootstrap_not_made", %error, "what was left before stays");
                maker = Maker::new(setup.publisher.clone());
                made = Some((Instant::now(), world, namespaces));
                continue;
            }
        };
        // Another policy by now: it is made of that.
        let Ok(Made { left, stored, missing }) = left else { continue };
        setup.metrics.bootstrap_views(stored, missing);
        send.send_if_modified(|before| {
            let news = before.as_ref() != Some(&left);
            *before = Some(left);
            news
        });
        made = Some((Instant::now(), world, namespaces));
    }
}

/// What was made.
struct Made {
    left: All,
    /// Views that are in it, and that should be and are not.
    stored: usize,
    missing: usize,
}

/// Makes it, and remembers what did not change.
struct Maker {
    publisher: Arc<Publisher>,
    /// By the revision of the view.
    files: BTreeMap<Box<str>, Arc<Result<File, TooLarge>>>,
    /// By namespace, which map a file is in.
    places: BTreeMap<String, Places>,
}

impl Maker {
    fn new(publisher: Arc<Publisher>) -> Self {
        Self { publisher, files: BTreeMap::new(), places: BTreeMap::new() }
    }

    /// For these namespaces, under `world`, which was looked at no earlier than `now`. Blocks.
    ///
    /// # Errors
    ///
    /// If another world is published meanwhile.
    fn make(
        &mut self,
        world: &Arc<World>,
        namespaces: &BTreeSet<String>,
        connected: Vec<Arc<Workload>>,
        labels: &BTreeMap<Arc<str>, Vec<Labels>>,
        now: SystemTime,
    ) -> Result<Made, Changed> {
        let (mut left, mut used, mut asked) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let (mut stored, mut missing) = (0, 0);
        for namespace in namespaces {
            let objects = world.selecting(namespace);
            let here = connected.iter().filter(|it| it.namespace == *namespace).map(|it| &**it);
            let pods = labels.get(namespace.as_str()).map(Vec::as_slice).unwrap_or_default();
            let (selections, unlisted) = known::selections(world, namespace, &objects, here, pods);
            let keys = keys::of(world, namespace);
            let mut views = Vec::new();
            for selection in selections {
                let view = self.publisher.view_in(world, &selection)?;
                let own = view.as_ref().map(|view| keys::places(&keys, &view.keys)).unwrap_or_default();
                let file = view.map(|view| self.file(&view, &mut used));
                asked.insert(selection.clone());
                views.push(View { selection, file, keys: own });
            }
            let places = self.places.entry(namespace.clone()).or_default();
            let Layout { left: of, stored: in_it, missing: not } =
                layout::lay(namespace, &objects, (&views, unlisted), &keys, places, now);
            (stored, missing) = (stored + in_it, missing + not);
            left.insert(namespace.clone(), of);
        }
        self.files.retain(|revision, _| used.contains(revision));
        self.places.retain(|namespace, _| namespaces.contains(namespace));
        self.publisher.keep(asked);
        Ok(Made { left: Arc::new(left), stored, missing })
    }

    /// The file of a view.
    fn file(&mut self, view: &Encoded, used: &mut BTreeSet<Box<str>>) -> Arc<Result<File, TooLarge>> {
        used.insert(view.revision.clone());
        self.files.entry(view.revision.clone()).or_insert_with(|| Arc::new(view.bootstrap())).clone()
    }
}
