//! Which bundles there are, which are to be written, and which cannot be: pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use kube_client::Error;
use outrigger_route::hash::Hash;

use super::phase::Spread;

/// How long a namespace that could not be written is left alone.
const AGAIN: Duration = Duration::from_secs(30);
/// Most namespaces that a report names.
const NAMED: usize = 8;

/// How the distribution of the bundle stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The bundle that is meant.
    pub(super) of: Option<Arc<str>>,
    pub(super) spread: Spread,
    /// Namespaces that hold it.
    pub written: usize,
    /// Namespaces that refuse it.
    pub refused: usize,
    /// The first of those, and why.
    pub named: Vec<(String, String)>,
}

impl Report {
    /// That `of` is wherever somebody looks, `replaced`: since when.
    pub(crate) fn everywhere(of: Arc<str>, replaced: Option<SystemTime>) -> Self {
        Self { of: Some(of), spread: Spread { complete: true, replaced }, ..Self::default() }
    }
}

/// Why a namespace has no bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such namespace, or it is going: nobody waits for it.
    Gone,
    /// What the API server says.
    Because(String),
}

/// The bundles, as far as the one who writes them knows.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// The bundle that everybody should hold.
    wanted: Option<Arc<str>>,
    /// By namespace, the hash of what is there.
    there: BTreeMap<String, [u8; 32]>,
    /// Those that could not be written, and when that may be tried again.
    refused: BTreeMap<String, (Refused, SystemTime)>,
    replaced: Option<SystemTime>,
}

impl Book {
    /// What everybody should hold from now on.
    pub(super) fn want(&mut self, bundle: Option<Arc<str>>) {
        if self.wanted != bundle {
            self.wanted = bundle;
            self.refused.clear();
        }
    }

    /// What everybody should hold.
    pub(super) fn wanted(&self) -> Option<&Arc<str>> {
        self.wanted.as_ref()
    }

    /// Everything is to be heard anew.
    pub(super) fn forget(&mut self) {
        self.there.clear();
    }

    /// A namespace holds this, or nothing.
    pub(super) fn note(&mut self, namespace: &str, bundle: Option<&str>) {
        match bundle {
            Some(bundle) => drop(self.there.insert(namespace.to_owned(), hash(bundle))),
            None => drop(self.there.remove(namespace)),
        }
    }

    /// The first `most` of `namespaces` that are to be written at `now`.
    pub(super) fn due(&self, namespaces: &BTreeSet<String>, now: SystemTime, most: usize) -> Vec<String> {
        let Some(wanted) = self.wanted.as_deref().map(hash) else { return Vec::new() };
        let rests = |namespace: &String| self.refused.get(namespace).is_some_and(|(_, again)| now < *again);
        let due = namespaces.iter().filter(|it| self.there.get(*it) != Some(&wanted) && !rests(it));
        due.take(most).cloned().collect()
    }

    /// `bundle` was written to a namespace, or was not. Whether that is news.
    pub(super) fn wrote(
        &mut self,
        namespace: &str,
        bundle: &str,
        written: Result<(), Refused>,
        now: SystemTime,
    ) -> bool {
        match written {
            Ok(()) => {
                // A pod waits for a bundle that is not there. It is one that had another whose kubelet has to notice.
                if self.there.insert(namespace.to_owned(), hash(bundle)).is_some_and(|before| before != hash(bundle)) {
                    self.replaced = Some(now);
                }
                self.refused.remove(namespace).is_some()
            }
            Err(why) => {
                let before = self.refused.insert(namespace.to_owned(), (why.clone(), now + AGAIN));
                before.is_none_or(|(before, _)| before != why)
            }
        }
    }

    /// How it stands for `namespaces`. Those that are none of them any more are no concern.
    pub(super) fn report(&mut self, namespaces: &BTreeSet<String>) -> Report {
        self.refused.retain(|namespace, _| namespaces.contains(namespace));
        let Some(wanted) = self.wanted.clone() else { return Report::default() };
        let of = hash(&wanted);
        let holds = |namespace: &&String| self.there.get(*namespace) == Some(&of);
        let gone = |namespace: &&String| matches!(self.refused.get(*namespace), Some((Refused::Gone, _)));
        let refused = self.refused.iter().filter_map(|(namespace, (why, _))| match why {
            Refused::Because(why) => Some((namespace.clone(), why.clone())),
            Refused::Gone => None,
        });
        Report {
            of: Some(wanted),
            spread: Spread { complete: namespaces.iter().all(|it| holds(&it) || gone(&it)), replaced: self.replaced },
            written: namespaces.iter().filter(holds).count(),
            refused: refused.clone().count(),
            named: refused.take(NAMED).collect(),
        }
    }
}

impl Refused {
    /// What an answer of the API server means for its namespace.
    pub(super) fn of(error: &Error) -> Self {
        let Error::Api(status) = error else { return Self::Because(error.to_string()) };
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let terminating = causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating");
        match status.code {
            404 => Self::Gone,
            403 if terminating => Self::Gone,
            code => Self::Because(format!("{code} {}: {}", status.reason, status.message)),
        }
    }
}

fn hash(bundle: &str) -> [u8; 32] {
    Hash::new().part(bundle).whole()
}
