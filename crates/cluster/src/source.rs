//! The policy of a cluster, followed.

mod item;
mod kept;
mod known;
mod named;
mod permit;
mod state;
pub(crate) mod watch;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt as _, StreamExt as _};
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube_client::Api;
use kube_core::{ApiResource, DynamicObject, PartialObjectMeta, Resource};
use kube_runtime::watcher::{self, Config, Event};
use outrigger_compile::{Kind, ObjectRef, World};
use outrigger_crd::{GROUP, ModelPolicy, ModelProvider, ModelRoute};
use tokio::sync::watch as channel;

use item::Item;
pub(crate) use named::{config_map, secret};
pub(crate) use permit::how_to_permit;
use state::{Assembled, Shared};
pub use state::{Observed, Standing};

use crate::Cluster;

/// What comes together is taken together: an edit is told object by object.
const QUIET: Duration = Duration::from_millis(5);
/// How often what nobody tells is looked at: a watch that fails no more, what is named and was waited for.
const LOOK: Duration = Duration::from_secs(5);
/// When a kind of which objects were held is listed anew: as long as it takes to apply what should be there.
const RELIST: Duration = Duration::from_secs(20);
/// A pause before it is asked again whether a kind is there.
const AGAIN: Duration = Duration::from_secs(1);

/// What a cluster says, as it changes.
#[derive(Debug)]
pub struct Source {
    /// What is to be served; `None` until everything was listed once (R-CFG-10). News of it is news for somebody's policy.
    pub worlds: channel::Receiver<Option<Arc<World>>>,
    /// Every object, with what was said of it last.
    pub observed: channel::Receiver<Arc<Vec<Observed>>>,
    /// How it stands.
    pub standing: channel::Receiver<Standing>,
}

impl Source {
    /// Follows the policy of `cluster` until nobody listens any more. `only`: objects of these namespaces alone, beside our
    /// own; `None`: of all. `retry`: how long a `Secret` or `ConfigMap` that we may not read is left alone before another try.
    pub fn follow(cluster: &Cluster, only: Option<BTreeSet<String>>, retry: Duration) -> Self {
        let shared = Arc::new(Shared::new(cluster.namespace.clone(), only, cluster.account.clone()));
        let (worlds_out, worlds) = channel::channel(None);
        let (observed_out, observed) = channel::channel(Arc::default());
        let (standing_out, standing) = channel::channel(shared.lock().assemble(Instant::now()).standing);
        let out = Out { worlds: worlds_out, observed: observed_out, standing: standing_out };
        tokio::spawn(assemble(cluster.clone(), shared, retry, out));
        Self { worlds, observed, standing }
    }
}

/// Where it goes.
struct Out {
    worlds: channel::Sender<Option<Arc<World>>>,
    observed: channel::Sender<Arc<Vec<Observed>>>,
    standing: channel::Sender<Standing>,
}

/// Makes a world of what the watches tell, as often as that changes.
async fn assemble(cluster: Cluster, shared: Arc<Shared>, retry: Duration, out: Out) {
    let mut watches = tokio::task::JoinSet::new();
    for (kind, resource) in [
        (Kind::ModelProvider, ApiResource::erase::<ModelProvider>(&())),
        (Kind::ModelRoute, ApiResource::erase::<ModelRoute>(&())),
        (Kind::ModelPolicy, ApiResource::erase::<ModelPolicy>(&())),
    ] {
        let api = Api::<DynamicObject>::all_with(cluster.client.clone(), &resource);
        let take = move |shared: &Shared, event: Event<DynamicObject>| {
            shared.item(kind, event.map_to(|it| Item::of(kind, it)))
        };
        watches.spawn(follow(api, kind, cluster.clone(), shared.clone(), take));
    }
    let api = Api::<PartialObjectMeta<Namespace>>::all(cluster.client.clone());
    let take =
        |shared: &Shared, event: Event<PartialObjectMeta<Namespace>>| shared.namespace(event.map_to(item::namespace));
    watches.spawn(follow(api, Kind::Namespace, cluster.clone(), shared.clone(), take));

    let mut named = named::Watches::default();
    let mut wake = Instant::now();
    loop {
        let sleep = wake.saturating_duration_since(Instant::now()).min(LOOK);
        tokio::select! {
            () = shared.changed() => tokio::time::sleep(QUIET).await,
            () = tokio::time::sleep(sleep) => {}
            () = out.worlds.closed() => return,
        }
        let now = Instant::now();
        let Assembled { world, observed, standing, wanted, waiting } = shared.lock().assemble(now);
        named.follow(&wanted, &cluster, &shared, retry);
        let ready = standing.pending.is_none();
        out.standing.send_if_modified(|known| replace_if_new(known, standing));
        wake = waiting.unwrap_or(now + LOOK);
        // A provider whose key is about to be read would be one without a key, or known by nobody.
        if !ready || waiting.is_some() {
            continue;
        }
        out.observed.send_if_modified(|known| **known != observed && replace_if_new(known, Arc::new(observed)));
        out.worlds.send_if_modified(|known| {
            known.as_deref() != Some(&world) && {
                *known = Some(Arc::new(world));
                true
            }
        });
    }
}

fn replace_if_new<T: PartialEq>(known: &mut T, new: T) -> bool {
    let changed = *known != new;
    *known = new;
    changed
}

/// Follows one kind for ever.
async fn follow<K>(
    api: Api<K>,
    kind: Kind,
    cluster: Cluster,
    shared: Arc<Shared>,
    take: impl Fn(&Shared, Event<K>) -> kept::Taken + Send,
) where
    K: Resource + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    let mut streaming = true;
    loop {
        let mut events = std::pin::pin!(watch::events(api.clone(), Config::default(), streaming));
        let mut relist: Option<Instant> = None;
        loop {
            let next = async {
                match relist {
                    Some(at) => tokio::time::timeout_at(at.into(), events.next()).await.ok().flatten(),
                    None => events.next().await,
                }
            };
            // Nothing more: it is time to list anew.
            let Some(event) = next.await else { break };
            let mut leaving = false;
            let mut next = Some(event);
            // All that is there, before anybody is asked about it.
            while let Some(event) = next {
                match event {
                    Ok(event) => {
                        let taken = take(&shared, event);
                        leaving |= taken.leaving;
                        if taken.relist {
                            relist = Some(Instant::now() + RELIST);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(code = "watch_failed", kind = kind.as_str(), "{}", told(kind, &error, &cluster));
                        shared.failed(kind, told(kind, &error, &cluster), Instant::now());
                        if streaming && watch::refuses_streaming(&error) {
                            (streaming, relist) = (false, Some(Instant::now()));
                        }
                    }
                }
                next = events.next().now_or_never().flatten();
            }
            if leaving {
                shared.kind_is_there(kind, is_there(kind, &cluster).await);
            }
        }
    }
}

/// Whether `kind` is there and not about to go: asked until there is an answer.
async fn is_there(kind: Kind, cluster: &Cluster) -> bool {
    let plural = match kind {
        Kind::ModelProvider => ModelProvider::plural(&()),
        Kind::ModelRoute => ModelRoute::plural(&()),
        Kind::ModelPolicy => ModelPolicy::plural(&()),
        Kind::Secret | Kind::ConfigMap | Kind::Namespace => return true,
    };
    let definitions = Api::<CustomResourceDefinition>::all(cluster.client.clone());
    let name = format!("{plural}.{GROUP}");
    loop {
        match tokio::time::timeout(crate::client::CALL, definitions.get_metadata(&name)).await {
            Ok(Ok(definition)) => return definition.metadata.deletion_timestamp.is_none(),
            Ok(Err(error)) => match watch::api_code(&error) {
                Some(404) => return false,
                // Who may not look believes what is said.
                Some(401 | 403) => return true,
                _ => tracing::debug!(%error, "cannot ask for a kind"),
            },
            Err(_) => tracing::debug!("the API server does not answer"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Why a watch failed, and what to do.
fn told(kind: Kind, error: &watcher::Error, cluster: &Cluster) -> String {
    let kind = kind.as_str();
    match watch::code(error) {
        Some(404) => format!("the API server knows no {kind}: install the CRDs"),
        Some(401 | 403) => format!(
            "{} may not list and watch {kind}: give it the ClusterRole of the chart ({error})",
            cluster.account.name()
        ),
        _ => error.to_string(),
    }
}

/// The same event of another thing.
trait MapTo<K> {
    fn map_to<T>(self, map: impl Fn(K) -> (ObjectRef, T)) -> kept::News<T>;
}

impl<K> MapTo<K> for Event<K> {
    fn map_to<T>(self, map: impl Fn(K) -> (ObjectRef, T)) -> kept::News<T> {
        match self {
            Self::Init => Event::Init,
            Self::InitApply(it) => Event::InitApply(map(it)),
            Self::InitDone => Event::InitDone,
            Self::Apply(it) => Event::Apply(map(it)),
            Self::Delete(it) => Event::Delete(map(it)),
        }
    }
}
