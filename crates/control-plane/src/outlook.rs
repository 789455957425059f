//! What an edit would mean, before it is there: the world that is followed, with the edit and without it, compared. Asked by
//! the admission webhook and by people; compiled off the threads of traffic, for few at one time.

mod edit;
mod lately;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

pub(crate) use edit::{Edit, Unknown};
use lately::Lately;
use outrigger_catalog::Catalog;
use outrigger_cluster::Cluster;
use outrigger_compile::{
    ObjectRef, Workload,
    change::{Change, Reader, change},
    manifest::Object,
};
use tokio::sync::Semaphore;

use crate::{fleet::Fleet, lock::lock, source::Worlds};

/// Edits that are compiled at one time. One that takes too long holds its place until it is done, whoever waits for it.
const AT_ONCE: usize = 2;

/// Tells what edits would mean.
pub(crate) struct Outlook {
    catalog: Arc<Catalog>,
    worlds: Worlds,
    fleet: Arc<Fleet>,
    /// Where `Secret`s and `ConfigMap`s of new objects are looked up; `None`: they are in the edit, or nowhere.
    cluster: Option<Cluster>,
    /// Namespaces whose objects are followed; `None`: all.
    only: Option<BTreeSet<String>>,
    lately: Mutex<Lately>,
    room: Arc<Semaphore>,
}

impl Outlook {
    pub(crate) fn new(
        catalog: Arc<Catalog>,
        worlds: Worlds,
        fleet: Arc<Fleet>,
        cluster: Option<Cluster>,
        only: Option<BTreeSet<String>>,
    ) -> Self {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        Self { catalog, worlds, fleet, cluster, only, lately: Mutex::default(), room }
    }

    /// Whether objects of this namespace are followed.
    pub(crate) fn concerns(&self, namespace: &str) -> bool {
        let system = || self.worlds.borrow().as_ref().is_some_and(|world| world.system_namespace == namespace);
        self.only.as_ref().is_none_or(|only| only.contains(namespace) || system())
    }

    /// What `edit` would change, known within `limit`.
    ///
    /// # Errors
    ///
    /// Why that is not known.
    pub(crate) async fn foresee(&self, edit: Edit, limit: Duration) -> Result<Change, Unknown> {
        let Some(world) = self.worlds.borrow().clone() else { return Err(Unknown::Pending) };
        let lately = {
            let mut lately = lock(&self.lately);
            lately.forget(&world);
            lately.clone()
        };
        let work = async {
            let turn = self.room.clone().acquire_owned().await.map_err(|_| Unknown::Late)?;
            let mut before = (*world).clone();
            lately.add_to(&mut before, Instant::now());
            if let Some(cluster) = &self.cluster {
                cluster.look_up(named(&edit, &lately), &mut before).await;
            }
            let (catalog, fleet) = (self.catalog.clone(), self.fleet.clone());
            let compiling = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                let mut after = before.clone();
                for object in &edit.removed {
                    after.remove(object);
                }
                edit.put.into_iter().for_each(|object| after.put(object));
                change(&before, &after, &catalog, &readers(&fleet))
            });
            compiling.await.map_err(|error| {
                tracing::error!(code = Unknown::Failed.code(), %error, "what an edit means could not be found out");
                Unknown::Failed
            })
        };
        tokio::time::timeout(limit, Box::pin(work)).await.unwrap_or(Err(Unknown::Late))
    }

    /// The API server is about to have this: known from now on, until the source tells it.
    pub(crate) fn is_coming(&self, edit: Edit) {
        lock(&self.lately).add(edit, Instant::now());
    }
}

/// What objects of an edit name, or that were let in lately, and that is not in it: `Secret`s and `ConfigMap`s.
fn named(edit: &Edit, lately: &Lately) -> Vec<ObjectRef> {
    let providers = edit.put.iter().flatten().chain(lately.objects()).filter_map(|it| match it {
        Object::Provider(it) => Some(it),
        _ => None,
    });
    let mut all: Vec<ObjectRef> = providers
        .flat_map(|it| outrigger_compile::named(it))
        .filter(|object| !object.name.is_empty() && !edit.put.iter().flatten().any(|it| it.reference() == *object))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Who is connected, each workload once.
pub(crate) fn readers(fleet: &Fleet) -> Vec<Reader> {
    let mut all: BTreeMap<(Arc<Workload>, Option<Box<str>>), u64> = BTreeMap::new();
    for connection in fleet.connections() {
        let seat = connection.seat();
        let owner = seat.account.owner.as_deref().map(Into::into);
        *all.entry((seat.subscription.workload().clone(), owner)).or_default() += 1;
    }
    let reader = |((workload, owner), sidecars): ((Arc<Workload>, Option<Box<str>>), u64)| {
        let name = owner.map_or_else(|| format!("ServiceAccount/{}", workload.service_account), String::from);
        Reader { workload: (*workload).clone(), name, sidecars }
    };
    all.into_iter().map(reader).collect()
}

impl std::fmt::Debug for Outlook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlook").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
