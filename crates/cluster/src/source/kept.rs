//! The objects of one kind as a watch tells them, and what of its news is not believed. Pure.
//!
//! A deletion is an instruction, whoever gives it, and policy that vanishes is traffic that stops. Two things look like one
//! and are none: the kind itself goes away (a `helm uninstall` of the CRDs deletes every object of it), and an API server
//! that lists nothing where there was something (restored from nothing, or not what it was). Then what was known is held,
//! loudly, until the API server has objects of the kind again.

use std::collections::BTreeMap;

use kube_runtime::watcher::Event;
use outrigger_compile::ObjectRef;

/// The objects of one kind.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    objects: BTreeMap<ObjectRef, T>,
    /// What is being listed, until the list is whole.
    listing: Option<BTreeMap<ObjectRef, T>>,
    /// Whether it was listed once.
    synced: bool,
    /// Deleted, as the watch says; believed as soon as the kind is known to be there.
    leaving: Vec<ObjectRef>,
    suspect: Option<Suspect>,
}

/// Why what is gone by the API server's word is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspect {
    /// It lists none where there were some.
    EmptyList,
    /// The kind itself is being deleted, or is gone.
    KindGone,
}

/// What a watch says, of one kind's objects that have been read.
pub(crate) type News<T> = Event<(ObjectRef, T)>;

/// The news, unless it is of an object for which `concerns` does not hold.
pub(crate) fn only<T>(news: News<T>, concerns: impl Fn(&ObjectRef) -> bool) -> Option<News<T>> {
    let keep = match &news {
        Event::Apply((name, _)) | Event::Delete((name, _)) | Event::InitApply((name, _)) => concerns(name),
        Event::Init | Event::InitDone => true,
    };
    keep.then_some(news)
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// There is something new.
    pub(crate) changed: bool,
    /// Something is leaving: whether the kind is still there is to be asked.
    pub(crate) leaving: bool,
    /// It is time to list anew in a while: objects are back, and which of those held are not is known by then.
    pub(crate) relist: bool,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), listing: None, synced: false, leaving: Vec::new(), suspect: None }
    }
}

impl<T: PartialEq> Kept<T> {
    /// Takes what the watch says.
    pub(crate) fn take(&mut self, news: News<T>) -> Taken {
        match news {
            Event::Init => {
                self.listing = Some(BTreeMap::new());
                Taken::default()
            }
            Event::InitApply((name, object)) => {
                self.listing.get_or_insert_default().insert(name, object);
                Taken::default()
            }
            Event::InitDone => self.listed(),
            Event::Apply((name, object)) => {
                self.leaving.retain(|leaving| *leaving != name);
                let changed = self.objects.get(&name) != Some(&object);
                self.objects.insert(name, object);
                Taken { changed, relist: self.suspect.is_some(), ..Taken::default() }
            }
            Event::Delete((name, _)) => {
                if self.objects.contains_key(&name) && !self.leaving.contains(&name) {
                    self.leaving.push(name);
                }
                Taken { leaving: !self.leaving.is_empty(), ..Taken::default() }
            }
        }
    }

    fn listed(&mut self) -> Taken {
        let listed = self.listing.take().unwrap_or_default();
        let first = !std::mem::replace(&mut self.synced, true);
        if listed.is_empty() && !self.objects.is_empty() {
            self.suspect.get_or_insert(Suspect::EmptyList);
            // Those that were deleted one by one before are among them, and nobody can tell.
            self.leaving.clear();
            return Taken { changed: true, ..Taken::default() };
        }
        let changed = first || self.suspect.is_some() || listed != self.objects;
        self.objects = listed;
        self.leaving.clear();
        self.suspect = None;
        Taken { changed, ..Taken::default() }
    }

    /// Whether the kind is there, as somebody asked because of what is leaving. Whether that changed anything.
    pub(crate) fn kind_is_there(&mut self, there: bool) -> bool {
        let leaving = std::mem::take(&mut self.leaving);
        if there {
            for name in &leaving {
                self.objects.remove(name);
            }
        } else if !leaving.is_empty() {
            self.suspect = Some(Suspect::KindGone);
        }
        !leaving.is_empty()
    }

    /// Whether it was listed once.
    pub(crate) fn synced(&self) -> bool {
        self.synced
    }

    /// Why what is held is not what the API server has.
    pub(crate) fn suspect(&self) -> Option<Suspect> {
        self.suspect
    }

    /// The objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&ObjectRef, &T)> {
        self.objects.iter()
    }
}

#[cfg(test)]
mod tests {
    use outrigger_compile::Kind;

    use super::*;

    fn name(name: &str) -> ObjectRef {
        ObjectRef { kind: Kind::ModelRoute, namespace: "a".to_owned(), name: name.to_owned() }
    }

    fn shown(kept: &Kept<u32>) -> String {
        kept.objects().map(|(name, value)| format!("{}={value}", name.name)).collect::<Vec<_>>().join(" ")
    }

    fn list(kept: &mut Kept<u32>, objects: &[(&str, u32)]) -> Taken {
        kept.take(Event::Init);
        for (it, value) in objects {
            kept.take(Event::InitApply((name(it), *value)));
        }
        kept.take(Event::InitDone)
    }

    fn listed(objects: &[(&str, u32)]) -> Kept<u32> {
        let mut kept = Kept::default();
        assert!(list(&mut kept, objects).changed && kept.synced());
        kept
    }

    #[test]
    fn an_empty_kind_is_known_once_it_was_listed() {
        let mut kept = Kept::<u32>::default();
        assert!(!kept.synced());
        assert!(list(&mut kept, &[]).changed && kept.synced() && kept.suspect().is_none());
    }

    #[test]
    fn half_a_list_changes_nothing() {
        let mut kept = listed(&[("x", 1)]);
        kept.take(Event::Init);
        kept.take(Event::InitApply((name("y"), 2)));
        assert_eq!(shown(&kept), "x=1");
        kept.take(Event::Init);
        kept.take(Event::InitApply((name("z"), 3)));
        kept.take(Event::InitDone);
        assert_eq!(shown(&kept), "z=3");
    }

    #[test]
    fn a_list_that_is_the_same_is_no_news() {
        let mut kept = listed(&[("x", 1)]);
        assert_eq!(list(&mut kept, &[("x", 1)]), Taken::default());
        assert!(list(&mut kept, &[("x", 2)]).changed);
        assert!(!kept.take(Event::Apply((name("x"), 2))).changed);
    }

    #[test]
    fn a_deleted_object_goes_as_soon_as_its_kind_is_known_to_be_there() {
        let mut kept = listed(&[("x", 1), ("y", 2)]);
        assert_eq!(kept.take(Event::Delete((name("x"), 1))), Taken { leaving: true, ..Taken::default() });
        assert_eq!(shown(&kept), "x=1 y=2");
        assert!(kept.kind_is_there(true));
        assert_eq!(shown(&kept), "y=2");
        assert!(!kept.kind_is_there(true));
    }

    /// R-CFG-10: the CRDs are uninstalled, and every object is deleted with them.
    #[test]
    fn what_goes_with_its_kind_is_held() {
        let mut kept = listed(&[("x", 1), ("y", 2)]);
        kept.take(Event::Delete((name("x"), 1)));
        kept.take(Event::Delete((name("y"), 2)));
        assert!(kept.kind_is_there(false));
        assert_eq!((shown(&kept).as_str(), kept.suspect()), ("x=1 y=2", Some(Suspect::KindGone)));
        // The kind is back, and empty.
        list(&mut kept, &[]);
        assert_eq!((shown(&kept).as_str(), kept.suspect()), ("x=1 y=2", Some(Suspect::KindGone)));
        // Somebody applies one of them, and then all that there are is known.
        assert!(kept.take(Event::Apply((name("y"), 3))).relist);
        assert_eq!(shown(&kept), "x=1 y=3");
        assert!(list(&mut kept, &[("y", 3)]).changed);
        assert_eq!((shown(&kept).as_str(), kept.suspect()), ("y=3", None));
    }

    /// R-CFG-10: an API server that was restored from nothing.
    #[test]
    fn an_empty_list_where_there_was_something_is_not_believed() {
        let mut kept = listed(&[("x", 1)]);
        assert!(list(&mut kept, &[]).changed);
        assert_eq!((shown(&kept).as_str(), kept.suspect()), ("x=1", Some(Suspect::EmptyList)));
        list(&mut kept, &[("x", 1)]);
        assert_eq!(kept.suspect(), None);
    }

    #[test]
    fn an_object_that_is_made_again_before_anybody_asked_stays() {
        let mut kept = listed(&[("x", 1)]);
        kept.take(Event::Delete((name("x"), 1)));
        kept.take(Event::Apply((name("x"), 2)));
        assert!(!kept.kind_is_there(true));
        assert_eq!(shown(&kept), "x=2");
    }
}
