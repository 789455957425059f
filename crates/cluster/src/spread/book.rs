//! Which ConfigMaps there are, which are to be written, and which cannot be: pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use kube_client::Error;

use super::{Content, content::Heard};

/// How long a namespace that could not be written is left alone.
const AGAIN: Duration = Duration::from_secs(30);
/// Most namespaces that a report names.
const NAMED: usize = 8;

/// What every namespace should hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// What it is made of, in the words of whoever wants it: what a report is about. `None`: nothing is known yet.
    pub(crate) of: Option<Arc<str>>,
    /// By namespace.
    pub(crate) maps: Arc<BTreeMap<String, Arc<Content>>>,
}

/// How fast maps are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Most at one time, between two looks at whether we still lead.
    pub(crate) batch: usize,
    /// After each of these.
    pub(crate) pause: Duration,
    /// From one change of a map to its next: what comes meanwhile is written once, at its end.
    pub(crate) rest: Duration,
}

/// How the distribution stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What it is about.
    pub(crate) of: Option<Arc<str>>,
    /// Every map that can be written is as it should be.
    pub(crate) complete: bool,
    /// When the last map was written that had been otherwise.
    pub(crate) replaced: Option<SystemTime>,
    /// What there is was heard.
    pub(crate) heard: bool,
    /// Namespaces that have such a map, whether they should or not.
    pub(crate) there: BTreeSet<String>,
    /// Namespaces whose map is as it should be.
    pub written: usize,
    /// Namespaces that refuse it.
    pub refused: usize,
    /// The first of those, and why.
    pub named: Vec<(String, String)>,
}

impl Report {
    /// That `of` is wherever somebody looks, and since when.
    pub(crate) fn everywhere(of: Arc<str>, replaced: Option<SystemTime>) -> Self {
        Self { of: Some(of), complete: true, replaced, heard: true, ..Self::default() }
    }
}

/// Why a namespace does not take its map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such namespace, or it is going: nobody waits for it.
    Gone,
    /// What the API server says.
    Because(String),
}

/// One map to write.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) namespace: String,
    pub(super) content: Arc<Content>,
}

/// The maps, as far as the one who writes them knows.
#[derive(Debug)]
pub(super) struct Book {
    pace: Pace,
    wanted: Wanted,
    /// By namespace, what is there.
    there: BTreeMap<String, Heard>,
    /// Those that could not be written, and when that may be tried again.
    refused: BTreeMap<String, (Refused, SystemTime)>,
    /// Until when those rest that were written.
    rests: BTreeMap<String, SystemTime>,
    replaced: Option<SystemTime>,
}

impl Book {
    pub(super) fn new(pace: Pace) -> Self {
        let (there, refused, rests) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { pace, wanted: Wanted::default(), there, refused, rests, replaced: None }
    }

    /// What everybody should hold from now on.
    pub(super) fn want(&mut self, wanted: Wanted) {
        let same = |namespace: &str| match (self.wanted.maps.get(namespace), wanted.maps.get(namespace)) {
            (Some(before), Some(now)) => before.hash() == now.hash(),
            (before, now) => before.is_none() && now.is_none(),
        };
        // What was refused was something else.
        self.refused.retain(|namespace, _| same(namespace));
        self.wanted = wanted;
    }

    /// Everything is to be heard anew.
    pub(super) fn forget(&mut self) {
        self.there.clear();
    }

    /// A namespace holds this, or no such map.
    pub(super) fn note(&mut self, namespace: &str, heard: Option<Heard>) {
        match heard {
            Some(heard) => drop(self.there.insert(namespace.to_owned(), heard)),
            None => drop(self.there.remove(namespace)),
        }
    }

    /// Whether a namespace holds what it should.
    fn holds(&self, namespace: &str, content: &Content) -> bool {
        self.there.get(namespace).map_or(content.is_empty(), |there| there.is(content))
    }

    /// When the map of this namespace may be written.
    fn from(&self, namespace: &str) -> Option<SystemTime> {
        let refused = self.refused.get(namespace).map(|(_, again)| *again);
        refused.max(self.rests.get(namespace).copied())
    }

    /// What is to be written at `now`: a batch at most.
    pub(super) fn due(&mut self, now: SystemTime) -> Vec<Due> {
        self.rests.retain(|_, until| *until > now);
        let wanted = self.wanted.maps.iter().filter(|(namespace, content)| !self.holds(namespace, content));
        let due = wanted.filter(|(namespace, _)| self.from(namespace).is_none_or(|from| now >= from));
        let due = due.map(|(namespace, content)| Due { namespace: namespace.clone(), content: content.clone() });
        due.take(self.pace.batch).collect()
    }

    /// How long until something is due that is not at `now`, if anything is.
    pub(super) fn next(&self, now: SystemTime) -> Option<Duration> {
        let waits = self.wanted.maps.iter().filter(|(namespace, content)| !self.holds(namespace, content));
        let until = waits.filter_map(|(namespace, _)| self.from(namespace)).min()?;
        Some(until.duration_since(now).unwrap_or_default())
    }

    /// `content` was written to a namespace, or was not. Whether that is news.
    pub(super) fn wrote(
        &mut self,
        namespace: &str,
        content: &Content,
        written: Result<(), Refused>,
        now: SystemTime,
    ) -> bool {
        match written {
            Ok(()) => {
                self.rests.insert(namespace.to_owned(), now + self.pace.rest);
                // A pod waits for a map that is not there. It is one that had another whose kubelet has to notice.
                let heard = Heard::written(content);
                if self.there.insert(namespace.to_owned(), heard).is_some_and(|before| before != heard) {
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

    /// How it stands. Namespaces that should hold nothing any more are no concern.
    pub(super) fn report(&mut self) -> Report {
        let Wanted { of, maps } = &self.wanted;
        self.refused.retain(|namespace, _| maps.contains_key(namespace));
        let there = self.there.keys().cloned().collect();
        if of.is_none() {
            return Report { there, ..Report::default() };
        }
        let gone = |namespace: &str| matches!(self.refused.get(namespace), Some((Refused::Gone, _)));
        let refused = self.refused.iter().filter_map(|(namespace, (why, _))| match why {
            Refused::Because(why) => Some((namespace.clone(), why.clone())),
            Refused::Gone => None,
        });
        Report {
            of: of.clone(),
            complete: maps.iter().all(|(namespace, content)| self.holds(namespace, content) || gone(namespace)),
            replaced: self.replaced,
            heard: false,
            there,
            written: maps.iter().filter(|(namespace, content)| self.holds(namespace, content)).count(),
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
