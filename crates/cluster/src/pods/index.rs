//! The pods of a cluster by uid. Pure: events in, what they change out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Change, Event, Labels, Meta, Pod, Uid, gone::Gone, words::Words};

/// How long a deleted pod is remembered: longer than any call that may still tell of it.
const DELETED: Duration = Duration::from_secs(60);
/// How long one is that was not found: it may yet come into the cache of the API server.
const NOT_FOUND: Duration = Duration::from_secs(5);

/// The pods.
#[derive(Debug)]
pub(super) struct Index {
    most: usize,
    pods: HashMap<Uid, Entry>,
    /// How many pods of a namespace have a sidecar.
    injected: BTreeMap<Arc<str>, usize>,
    words: Words,
    gone: Gone,
    /// Which listing is under way, or was the last.
    listing: u32,
    /// Pods that it has told so far.
    listed: usize,
    /// One has come to its end.
    complete: bool,
    /// It was said that there are too many.
    said_full: bool,
}

/// One pod.
#[derive(Debug)]
struct Entry {
    namespace: std::sync::Arc<str>,
    name: Box<str>,
    labels: Labels,
    owner: std::sync::Arc<str>,
    /// Whether it has a sidecar.
    injected: bool,
    /// The last listing that it was in, or that began before it was seen.
    listing: u32,
}

/// What is known of a uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The team is for somebody else to say.
    Pod(Pod),
    Gone,
    Nothing,
}

impl Index {
    /// For at most so many pods.
    pub(super) fn new(most: usize) -> Self {
        let (pods, words, gone) = (HashMap::new(), Words::default(), Gone::default());
        let injected = BTreeMap::new();
        Self { most, pods, injected, words, gone, listing: 0, listed: 0, complete: false, said_full: false }
    }

    /// Takes in an event; which pods it has changed. A pod is gone when it was deleted, or when a listing that has found
    /// any has not found it: a listing of nothing is more likely an API server that shows us nothing.
    pub(super) fn apply(&mut self, event: Event, now: Instant) -> Vec<(Uid, Change)> {
        match event {
            Event::Listing => {
                self.listing = self.listing.wrapping_add(1);
                self.listed = 0;
                Vec::new()
            }
            Event::Listed(meta) => {
                self.listed += 1;
                self.see(&meta).into_iter().collect()
            }
            Event::Complete => self.listed(now),
            Event::Applied(meta) => self.see(&meta).into_iter().collect(),
            Event::Deleted(uid) => vec![self.remove(uid.into(), now)],
        }
    }

    /// A pod that was asked for by name is there. It is remembered like the others unless it has gone meanwhile.
    pub(super) fn found(&mut self, meta: &Meta, now: Instant) -> Known {
        if !self.gone.contains(&meta.uid, now) {
            self.see(meta);
            if let Some(known) = self.get(&meta.uid) {
                return Known::Pod(known);
            }
            return Known::Pod(self.pod_of(meta));
        }
        Known::Gone
    }

    /// It was asked for by name, and is not there.
    pub(super) fn not_found(&mut self, uid: Uid, now: Instant) {
        if !self.pods.contains_key(&*uid) {
            self.gone.insert(uid, now, NOT_FOUND);
        }
    }

    /// What is known of `uid`.
    pub(super) fn known(&self, uid: &str, now: Instant) -> Known {
        match self.get(uid) {
            Some(pod) => Known::Pod(pod),
            None if self.gone.contains(uid, now) => Known::Gone,
            None => Known::Nothing,
        }
    }

    /// Whether all pods were told once.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The labels of the pods of these namespaces, each combination once: those that are equal share their text.
    pub(super) fn labels_in(&self, namespaces: &BTreeSet<String>) -> BTreeMap<Arc<str>, Vec<Labels>> {
        let (mut all, mut seen) = (BTreeMap::<Arc<str>, Vec<Labels>>::new(), HashSet::new());
        for Entry { namespace, labels, .. } in self.pods.values() {
            let place = |text: &Arc<str>| Arc::as_ptr(text).addr();
            if namespaces.contains(&**namespace) && seen.insert((place(namespace), place(&labels.0))) {
                all.entry(namespace.clone()).or_default().push(labels.clone());
            }
        }
        // A map of many has no order that stays.
        all.values_mut().for_each(|list| list.sort_by(|a, b| a.0.cmp(&b.0)));
        all
    }

    /// The namespaces of pods that have a sidecar.
    pub(super) fn injected(&self) -> BTreeSet<String> {
        self.injected.keys().map(|namespace| namespace.to_string()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.pods.len()
    }

    fn get(&self, uid: &str) -> Option<Pod> {
        let (uid, entry) = self.pods.get_key_value(uid)?;
        let Entry { namespace, name, labels, owner, injected: _, listing: _ } = entry;
        Some(Pod {
            uid: uid.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
            labels: labels.clone(),
            owner: owner.clone(),
            team: None,
        })
    }

    fn pod_of(&mut self, meta: &Meta) -> Pod {
        Pod {
            uid: meta.uid.as_str().into(),
            namespace: self.words.of(&meta.namespace),
            name: meta.name.as_str().into(),
            labels: Labels(self.words.of(&Labels::text(&meta.labels))),
            owner: self.words.of(&meta.owner()),
            team: None,
        }
    }

    /// Whether that changes what is known of it.
    fn see(&mut self, meta: &Meta) -> Option<(Uid, Change)> {
        self.gone.remove(&meta.uid);
        let known = self.pods.contains_key(meta.uid.as_str());
        if !known && self.pods.len() >= self.most {
            if !std::mem::replace(&mut self.said_full, true) {
                tracing::warn!(
                    code = "pods_not_all_kept",
                    "there are more than {} pods: further ones are asked for by name, one by one",
                    self.most
                );
            }
            // Whether it is another than before is for whoever knows it to find out.
            return Some((meta.uid.as_str().into(), Change::Altered));
        }
        let Pod { uid, namespace, name, labels, owner, team: _ } = self.pod_of(meta);
        let entry = Entry { namespace, name, labels, owner, injected: meta.injected, listing: self.listing };
        if entry.injected {
            *self.injected.entry(entry.namespace.clone()).or_default() += 1;
        }
        match self.pods.get_mut(&*uid) {
            Some(old) => {
                let changed = old.labels != entry.labels || old.owner != entry.owner;
                let old = std::mem::replace(old, entry);
                self.uncount(&old);
                changed.then_some((uid, Change::Altered))
            }
            None => {
                self.pods.insert(uid, entry);
                None
            }
        }
    }

    fn remove(&mut self, uid: Uid, now: Instant) -> (Uid, Change) {
        if let Some(old) = self.pods.remove(&uid) {
            self.uncount(&old);
        }
        self.gone.insert(uid.clone(), now, DELETED);
        (uid, Change::Gone)
    }

    /// One with a sidecar is no more what it was.
    fn uncount(&mut self, old: &Entry) {
        if !old.injected {
            return;
        }
        match self.injected.get_mut(&old.namespace) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.injected.remove(&old.namespace)),
        }
    }

    /// The end of a listing.
    fn listed(&mut self, now: Instant) -> Vec<(Uid, Change)> {
        if self.listed == 0 && !self.pods.is_empty() {
            tracing::warn!(
                code = "pods_vanished",
                kept = self.pods.len(),
                "the API server lists no pod at all: those that are known are taken to be there still"
            );
            return Vec::new();
        }
        self.complete = true;
        let missed = self.pods.iter().filter(|(_, entry)| entry.listing != self.listing);
        let missed: Vec<Uid> = missed.map(|(uid, _)| uid.clone()).collect();
        missed.into_iter().map(|uid| self.remove(uid, now)).collect()
    }
}
