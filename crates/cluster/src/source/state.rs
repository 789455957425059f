//! All that is known of the cluster's policy, and the world that it makes. Pure but for the lock around it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use outrigger_compile::{Kind, ObjectRef, Unreadable, World, manifest::Object, named};
use outrigger_crd::Status;
use tokio::sync::Notify;

use super::{
    item::Item,
    kept::{self, Kept, News, Suspect, Taken},
    known::{Known, MOST, Now},
    permit::how_to_permit,
};
use crate::Account;

/// A watch that failed so lately is taken for one that fails: a longer pause between tries there is not.
const TROUBLE: Duration = Duration::from_secs(30);
/// How long a `Secret` or `ConfigMap` that nobody has said anything of holds up what is known. Longer than an answer takes, shorter than
/// anybody waits for an edit.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the watches tell and the assembly reads.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

/// What is known.
#[derive(Debug)]
pub(crate) struct State {
    namespace: String,
    /// Only objects of these namespaces, beside our own; `None`: of all.
    only: Option<BTreeSet<String>>,
    account: Account,
    providers: Kept<Item>,
    routes: Kept<Item>,
    policies: Kept<Item>,
    namespaces: Kept<BTreeMap<String, String>>,
    /// What providers name.
    named: BTreeMap<ObjectRef, (Known, Instant)>,
    trouble: BTreeMap<Kind, (String, Instant)>,
}

/// What follows from it at one moment.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) world: World,
    pub(crate) observed: Vec<Observed>,
    pub(crate) standing: Standing,
    /// The `Secret`s and `ConfigMap`s that providers name.
    pub(crate) wanted: BTreeSet<ObjectRef>,
    /// Until when one is waited for of which nothing was said yet.
    pub(crate) waiting: Option<Instant>,
}

/// How the cluster stands as a source of policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why there is nothing to serve yet.
    pub pending: Option<String>,
    /// Why what is served may not be what the API server has.
    pub stale: Option<String>,
}

/// One object, readable or not, with what was said of it last.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Which.
    pub object: ObjectRef,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.resourceVersion`: tells what was written from what was there before.
    pub version: String,
    /// The field manager that wrote it last, its `status` aside; empty where nobody says.
    pub manager: String,
    /// `status`.
    pub status: Status,
}

impl Shared {
    pub(crate) fn new(namespace: String, only: Option<BTreeSet<String>>, account: Account) -> Self {
        let state = State {
            namespace,
            only,
            account,
            providers: Kept::default(),
            routes: Kept::default(),
            policies: Kept::default(),
            namespaces: Kept::default(),
            named: BTreeMap::new(),
            trouble: BTreeMap::new(),
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until something has changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What a watch says of an object of ours.
    pub(crate) fn item(&self, kind: Kind, news: News<Item>) -> Taken {
        let mut state = self.lock();
        let concerns = |name: &ObjectRef| {
            let only = state.only.as_ref();
            only.is_none_or(|only| only.contains(&name.namespace) || name.namespace == state.namespace)
        };
        let Some(news) = kept::only(news, concerns) else { return Taken::default() };
        let taken = state.kept(kind).map(|kept| kept.take(news)).unwrap_or_default();
        state.trouble.remove(&kind);
        self.told(taken)
    }

    /// What a watch says of a namespace.
    pub(crate) fn namespace(&self, news: News<BTreeMap<String, String>>) -> Taken {
        let mut state = self.lock();
        let taken = state.namespaces.take(news);
        state.trouble.remove(&Kind::Namespace);
        self.told(taken)
    }

    /// Whether `kind` is there, as asked because objects of it are leaving.
    pub(crate) fn kind_is_there(&self, kind: Kind, there: bool) {
        let mut state = self.lock();
        let changed = match kind {
            Kind::Namespace => state.namespaces.kind_is_there(there),
            _ => state.kept(kind).is_some_and(|kept| kept.kind_is_there(there)),
        };
        self.told(Taken { changed, ..Taken::default() });
    }

    /// A watch of `kind` has failed.
    pub(crate) fn failed(&self, kind: Kind, why: String, now: Instant) {
        self.lock().trouble.insert(kind, (why, now));
        self.changed.notify_one();
    }

    /// What is known by now of one that is named; `read` where it was.
    pub(crate) fn named(&self, name: &ObjectRef, now: Now, read: Option<Object>) {
        let mut state = self.lock();
        let (known, _) = state.named.entry(name.clone()).or_insert_with(|| (Known::default(), Instant::now()));
        let read = match now {
            Now::There => read,
            Now::Gone => None,
            // Who is not let in any more, or is told by a list alone, knows what it knew.
            Now::Asked | Now::NotListed | Now::Withheld => known.read.take(),
        };
        let is = Known { read, now };
        let changed = *known != is;
        *known = is;
        self.told(Taken { changed, ..Taken::default() });
    }

    fn told(&self, taken: Taken) -> Taken {
        if taken.changed {
            self.changed.notify_one();
        }
        taken
    }
}

impl State {
    fn kept(&mut self, kind: Kind) -> Option<&mut Kept<Item>> {
        match kind {
            Kind::ModelProvider => Some(&mut self.providers),
            Kind::ModelRoute => Some(&mut self.routes),
            Kind::ModelPolicy => Some(&mut self.policies),
            Kind::Secret | Kind::ConfigMap | Kind::Namespace => None,
        }
    }

    /// What follows from all of it.
    pub(crate) fn assemble(&mut self, now: Instant) -> Assembled {
        let mut world = World { system_namespace: self.namespace.clone(), ..World::default() };
        let mut observed = Vec::new();
        let all = [&self.providers, &self.routes, &self.policies];
        for (name, item) in all.into_iter().flat_map(Kept::objects) {
            let Item { object, uid, generation, version, manager, status } = item;
            let (uid, version, manager, status) = (uid.clone(), version.clone(), manager.clone(), status.clone());
            observed.push(Observed { object: name.clone(), uid, generation: *generation, version, manager, status });
            match object {
                Ok(Object::Provider(provider)) => world.providers.push((**provider).clone()),
                Ok(Object::Route(route)) => world.routes.push((**route).clone()),
                Ok(Object::Policy(policy)) => world.policies.push((**policy).clone()),
                Ok(Object::Secret(_) | Object::ConfigMap(_) | Object::Namespace(_)) => {}
                Err(unread) => world.unreadable.push(unread.clone()),
            }
        }
        world.namespaces =
            self.namespaces.objects().map(|(name, labels)| (name.name.clone(), labels.clone())).collect();
        let wanted: BTreeSet<ObjectRef> = world.providers.iter().flat_map(named).collect();
        let waiting = self.add_named(&wanted, &mut world, now);
        Assembled { standing: self.standing(now), world, observed, wanted, waiting }
    }

    /// Puts into `world` what is known of those that are `wanted`, and forgets the others.
    fn add_named(&mut self, wanted: &BTreeSet<ObjectRef>, world: &mut World, now: Instant) -> Option<Instant> {
        self.named.retain(|name, _| wanted.contains(name));
        let doubtful = self.providers.suspect().is_some();
        let mut waiting = None;
        for (at, name) in wanted.iter().enumerate() {
            let (known, since) = self.named.entry(name.clone()).or_insert_with(|| (Known::default(), now));
            let mut unread = |reason: String| {
                world.unreadable.push(Unreadable { object: name.clone(), reason, aliases: Vec::new() });
            };
            match known.now {
                Now::There | Now::Gone => {}
                Now::NotListed if doubtful => {}
                Now::NotListed => known.read = None,
                Now::Withheld => unread(how_to_permit(name, &self.account)),
                Now::Asked if at >= MOST => unread(format!("more than {MOST} Secrets and ConfigMaps are not followed")),
                Now::Asked if now < *since + PATIENCE => {
                    let until = *since + PATIENCE;
                    waiting = Some(waiting.map_or(until, |other: Instant| other.max(until)));
                }
                Now::Asked => unread(format!("the API server has not answered for {name} yet")),
            }
            match known.read.clone() {
                Some(Object::Secret(it)) => world.secrets.push(it),
                Some(Object::ConfigMap(it)) => world.config_maps.push(it),
                _ => {}
            }
        }
        waiting
    }

    fn standing(&self, now: Instant) -> Standing {
        let kinds = [
            (Kind::ModelProvider, self.providers.synced(), self.providers.suspect()),
            (Kind::ModelRoute, self.routes.synced(), self.routes.suspect()),
            (Kind::ModelPolicy, self.policies.synced(), self.policies.suspect()),
            (Kind::Namespace, self.namespaces.synced(), self.namespaces.suspect()),
        ];
        let trouble = |kind: Kind| {
            let known = self.trouble.get(&kind).filter(|(_, at)| now < *at + TROUBLE);
            known.map(|(why, _)| why.as_str())
        };
        let pending = kinds.iter().find(|(_, synced, _)| !synced).map(|(kind, ..)| {
            let why = trouble(*kind).map(|why| format!(": {why}")).unwrap_or_default();
            format!("policy_pending: no {} was listed yet{why}", kind.as_str())
        });
        let stale = kinds.iter().find_map(|(kind, _, suspect)| match suspect {
            Some(Suspect::KindGone) => Some(format!(
                "{0} is being deleted, or is no kind of this cluster any more: what there was of it goes on; install the \
                 CRDs again and apply what should be there, or delete objects while the kind is there",
                kind.as_str()
            )),
            Some(Suspect::EmptyList) => Some(format!(
                "the API server lists no {0} where there were some: what there was of it goes on; apply what should be \
                 there, or start the control plane again if that is nothing",
                kind.as_str()
            )),
            None => trouble(*kind).map(|why| format!("{} is not followed: {why}", kind.as_str())),
        });
        Standing { pending, stale }
    }
}

#[cfg(test)]
mod tests;
