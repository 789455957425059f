//! The pods of a cluster: whose a sidecar is, and when it is so no more.
//!
//! An index of our own over a watch of their metadata ([`Pods::follow`]). A pod that the watch has not told yet is asked
//! for by name, once for all who want to know.

mod changes;
mod event;
mod fetch;
mod gone;
mod index;
mod pod;
mod watch;
mod words;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

pub use changes::{Change, Changed};
pub use event::Event;
pub use fetch::{Fetch, NotTold};
pub use pod::{Labels, Meta, Pod, Uid};
use tokio::{sync::watch as signal, time::Instant};

use crate::{
    flights::{Flights, Full, Limits},
    lock::lock,
};
use changes::Pending;
use index::{Index, Known};

/// Most pods that are kept: at a third of a KiB for each, some 70 MB. Clusters end at 150,000.
const MOST: usize = 200_000;
/// How long somebody waits for the first listing, which tells of most pods at once, before one is asked for by name.
const FIRST: Duration = Duration::from_secs(2);
/// Asking by name: some 1,000 a second.
const ASKING: Limits = Limits { at_once: 8, waiting: 4096, patience: Duration::from_secs(12) };
/// How often it is said that pods cannot be asked for: after a restart that may be so for thousands.
const COMPLAINT: Duration = Duration::from_secs(10);
/// When somebody may come again for whom there was no place.
const AGAIN: Duration = Duration::from_secs(5);

/// The pods. Cheap to clone.
#[derive(Clone)]
pub struct Pods(Arc<Inner>);

struct Inner {
    settings: Settings,
    fetch: Box<dyn Fetch>,
    index: Mutex<Index>,
    /// All were told once.
    complete: signal::Sender<bool>,
    flights: Flights<Uid, Result<Pod, Missing>>,
    pending: Pending,
    /// When it was last said that a pod could not be asked for.
    complained: Mutex<Option<Instant>>,
}

/// The value of a label of a namespace: by namespace and key.
pub type NamespaceLabel = Box<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// How teams are found.
pub struct Settings {
    /// The label, of a pod or else of its namespace, whose value is the team.
    pub team_label: String,
    /// Labels of namespaces.
    pub namespace_label: NamespaceLabel,
}

/// Why a pod is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is no more.
    Gone,
    /// It is not known, and the API server does not say.
    Unknown,
    /// Too many are being asked for: come again after this.
    Busy {
        /// How long to wait at least.
        retry_after: Duration,
    },
}

/// What the index alone knows of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Known(Pod),
    /// It is no more.
    Gone,
    /// Nothing: [`Pods::find`] asks.
    Unknown,
}

impl Default for Settings {
    fn default() -> Self {
        Self { team_label: "team".to_owned(), namespace_label: Box::new(|_, _| None) }
    }
}

impl Pods {
    /// None yet. `fetch`: who is asked for a pod by name, a [`Client`] for example.
    pub fn new(fetch: impl Fetch, settings: Settings) -> Self {
        Self::of_at_most(MOST, fetch, settings)
    }

    fn of_at_most(most: usize, fetch: impl Fetch, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            settings,
            fetch: Box::new(fetch),
            index: Mutex::new(Index::new(most)),
            complete: signal::Sender::new(false),
            flights: Flights::new(ASKING),
            pending: Pending::default(),
            complained: Mutex::default(),
        }))
    }

    /// Takes in what a watch tells.
    pub fn apply(&self, event: Event) {
        let mut index = lock(&self.0.index);
        let changes = index.apply(event, Instant::now().into_std());
        let complete = index.is_complete();
        drop(index);
        self.0.complete.send_if_modified(|known| std::mem::replace(known, complete) != complete);
        self.0.pending.push(changes);
    }

    /// The pod of this name that is the one of this uid.
    ///
    /// # Errors
    ///
    /// If there is no such pod, or nobody says.
    pub async fn find(&self, namespace: &str, name: &str, uid: &str) -> Result<Pod, Missing> {
        let mut found = self.standing(uid);
        if found == Standing::Unknown && !*self.0.complete.borrow() {
            let mut complete = self.0.complete.subscribe();
            let _ = tokio::time::timeout(FIRST, complete.wait_for(|complete| *complete)).await;
            found = self.standing(uid);
        }
        let pod = match found {
            Standing::Known(pod) => pod,
            Standing::Gone => return Err(Missing::Gone),
            Standing::Unknown => {
                let uid: Uid = uid.into();
                match self.0.flights.join(uid.clone(), self.fetch(namespace, name, uid)).await {
                    Ok(found) => self.with_team(found?),
                    Err(Full) => return Err(Missing::Busy { retry_after: AGAIN }),
                }
            }
        };
        // A token that names a pod's uid and another's name is nobody's.
        if *pod.namespace == *namespace && *pod.name == *name { Ok(pod) } else { Err(Missing::Gone) }
    }

    /// What is known without asking.
    pub fn standing(&self, uid: &str) -> Standing {
        let known = lock(&self.0.index).known(uid, Instant::now().into_std());
        match known {
            Known::Pod(pod) => Standing::Known(self.with_team(pod)),
            Known::Gone => Standing::Gone,
            Known::Nothing => Standing::Unknown,
        }
    }

    /// What has changed since it was asked last; waits until something has. For one who asks: two would each be told half.
    pub async fn changes(&self) -> Changed {
        self.0.pending.next().await
    }

    /// Has [`Pods::changes`] tell of this pod (again).
    pub fn look_again(&self, uid: &Uid) {
        self.0.pending.push([(uid.clone(), Change::Altered)]);
    }

    /// Has [`Pods::changes`] say that any pod may have changed: labels of namespaces have, for example.
    pub fn look_at_all(&self) {
        self.0.pending.push_any();
    }

    /// The labels of the pods of these namespaces, each combination once.
    pub fn labels_in(&self, namespaces: &BTreeSet<String>) -> BTreeMap<Arc<str>, Vec<Labels>> {
        lock(&self.0.index).labels_in(namespaces)
    }

    /// The namespaces of pods that have a sidecar.
    pub fn injected(&self) -> BTreeSet<String> {
        lock(&self.0.index).injected()
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        lock(&self.0.index).len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    async fn fetch(&self, namespace: &str, name: &str, uid: Uid) -> Result<Pod, Missing> {
        // Another may have just been told.
        match self.standing(&uid) {
            Standing::Known(pod) => return Ok(pod),
            Standing::Gone => return Err(Missing::Gone),
            Standing::Unknown => {}
        }
        let told = self.0.fetch.fetch(namespace, name).await.map_err(|why| {
            let mut complained = lock(&self.0.complained);
            if complained.is_none_or(|at| at.elapsed() >= COMPLAINT) {
                *complained = Some(Instant::now());
                tracing::warn!(code = "pod_unknown", namespace, pod = name, "{why}");
            }
            Missing::Unknown
        })?;
        let now = Instant::now().into_std();
        let mut index = lock(&self.0.index);
        match told.filter(|meta| *meta.uid == *uid) {
            Some(meta) => match index.found(&meta, now) {
                Known::Pod(pod) => Ok(pod),
                Known::Gone | Known::Nothing => Err(Missing::Gone),
            },
            None => {
                index.not_found(uid, now);
                Err(Missing::Gone)
            }
        }
    }

    fn with_team(&self, mut pod: Pod) -> Pod {
        let Settings { team_label, namespace_label } = &self.0.settings;
        let own = pod.labels.get(team_label).filter(|team| !team.is_empty()).map(Box::from);
        let inherited = || namespace_label(&pod.namespace, team_label).filter(|team| !team.is_empty());
        pod.team = own.or_else(|| inherited().map(Into::into));
        pod
    }
}

impl fmt::Debug for Pods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pods").field("known", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("team_label", &self.team_label).finish_non_exhaustive()
    }
}
