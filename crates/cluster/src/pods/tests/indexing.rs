//! What events make of the index.

use std::time::Instant;

use super::*;

struct Told {
    index: Index,
    now: Instant,
}

impl Told {
    fn new(most: usize) -> Self {
        Self { index: Index::new(most), now: Instant::now() }
    }

    /// What is told of an event: `a gone, b altered`.
    fn of(&mut self, event: Event) -> String {
        let mut told: Vec<_> = self
            .index
            .apply(event, self.now)
            .into_iter()
            .map(|(uid, change)| format!("{uid} {}", format!("{change:?}").to_lowercase()))
            .collect();
        told.sort();
        told.join(", ")
    }

    /// A whole listing of pods, by uid and labels.
    fn lists(&mut self, pods: &[(&str, &str)]) -> String {
        let mut told = vec![self.of(Event::Listing)];
        told.extend(pods.iter().map(|(uid, labels)| self.of(Event::Listed(meta(uid, uid, labels)))));
        told.push(self.of(Event::Complete));
        told.retain(|line| !line.is_empty());
        told.join(", ")
    }

    fn known(&self, uid: &str) -> Known {
        self.index.known(uid, self.now)
    }

    fn labels(&self, uid: &str) -> String {
        match self.known(uid) {
            Known::Pod(pod) => pod.labels.0.replace('\n', ","),
            other => format!("{other:?}").to_lowercase(),
        }
    }
}

#[test]
fn what_is_new_changes_nothing_and_what_is_other_does() {
    let mut told = Told::new(10);
    assert_eq!(told.lists(&[("a", "app=web"), ("b", "app=web")]), "");
    assert_eq!(told.of(Event::Applied(meta("c", "c", "app=web"))), "");
    // Most events of a pod say nothing of its metadata.
    assert_eq!(told.of(Event::Applied(meta("a", "a", "app=web"))), "");
    assert_eq!(told.of(Event::Applied(meta("a", "a", "app=web,tier=gold"))), "a altered");
    assert_eq!((told.labels("a"), told.labels("b")), ("app=web,tier=gold,".into(), "app=web,".into()));
    let adopted = Meta { controller: Some(("Job".into(), "x".into())), ..meta("b", "b", "app=web") };
    assert_eq!(told.of(Event::Applied(adopted)), "b altered");
    assert_eq!(told.of(Event::Deleted("a".into())), "a gone");
    assert_eq!((told.known("a"), told.known("z"), told.index.len()), (Known::Gone, Known::Nothing, 2));
}

#[test]
fn pods_of_one_deployment_share_all_but_their_names() {
    let mut told = Told::new(10);
    let pod = |name: &str| Meta { controller: Some(("Job".into(), "x".into())), ..meta(name, name, "app=web") };
    told.of(Event::Applied(pod("a")));
    told.of(Event::Applied(pod("b")));
    let (Known::Pod(a), Known::Pod(b)) = (told.known("a"), told.known("b")) else { panic!() };
    assert!(Arc::ptr_eq(&a.labels.0, &b.labels.0) && Arc::ptr_eq(&a.owner, &b.owner));
    assert!(Arc::ptr_eq(&a.namespace, &b.namespace));
}

#[test]
fn a_listing_ends_what_it_does_not_tell() {
    let mut told = Told::new(10);
    told.lists(&[("a", ""), ("b", ""), ("c", "x=1")]);
    assert_eq!(told.lists(&[("a", ""), ("c", "x=2")]), "c altered, b gone");
    assert_eq!((told.known("b"), told.index.len()), (Known::Gone, 2));
}

#[test]
fn a_listing_of_nothing_or_one_that_breaks_off_ends_nothing() {
    let mut told = Told::new(10);
    assert!(!told.index.is_complete());
    told.lists(&[("a", ""), ("b", "")]);
    assert!(told.index.is_complete());
    assert_eq!(told.lists(&[]), "");
    assert_eq!((told.of(Event::Listing), told.of(Event::Listed(meta("a", "a", "")))), (String::new(), String::new()));
    assert_eq!(told.index.len(), 2);
    // The next begins anew: what the broken one has told is no reason to take it for there.
    assert_eq!(told.lists(&[("b", "")]), "a gone");
    // And one that comes to its end is believed again.
    assert_eq!(told.lists(&[("b", ""), ("c", "")]), "");
}

/// Between what a pod's name was asked for and what the watch tells lies no order.
#[test]
fn what_was_found_by_name_is_as_good_as_what_was_told() {
    let mut told = Told::new(10);
    told.of(Event::Listing);
    let found = |told: &mut Told, uid: &str| told.index.found(&meta(uid, uid, "app=web"), told.now);
    // Created behind the point of which the listing tells: it is not in it, and there all the same.
    assert!(matches!(found(&mut told, "a"), Known::Pod(pod) if pod.labels.get("app") == Some("web")));
    told.of(Event::Listed(meta("b", "b", "")));
    assert_eq!(told.of(Event::Complete), "");
    // A later listing knows it or it is gone.
    assert_eq!(told.lists(&[("b", "")]), "a gone");
    // Deleted while its name was being asked for.
    assert_eq!(found(&mut told, "a"), Known::Gone);
    assert_eq!(told.index.len(), 1);
    told.index.not_found("c".into(), told.now);
    assert_eq!(told.known("c"), Known::Gone);
    told.now += Duration::from_secs(5);
    assert_eq!(told.known("c"), Known::Nothing);
    // What the watch tells counts more than what somebody could not find.
    told.index.not_found("d".into(), told.now);
    told.of(Event::Applied(meta("d", "d", "")));
    told.index.not_found("d".into(), told.now);
    assert!(matches!(told.known("d"), Known::Pod(_)));
}

#[test]
fn beyond_the_bound_nothing_is_kept_and_everything_told() {
    let mut told = Told::new(2);
    assert_eq!(told.lists(&[("a", ""), ("b", ""), ("c", "")]), "c altered");
    assert_eq!((told.index.len(), told.known("c")), (2, Known::Nothing));
    assert!(matches!(told.index.found(&meta("c", "c", "x=1"), told.now), Known::Pod(pod) if *pod.name == *"c"));
    assert_eq!(told.index.len(), 2);
    assert_eq!(told.of(Event::Applied(meta("a", "a", "x=1"))), "a altered");
    assert_eq!(told.of(Event::Deleted("c".into())), "c gone");
    // There is room again.
    told.of(Event::Deleted("a".into()));
    assert_eq!(told.of(Event::Applied(meta("d", "d", ""))), "");
    assert_eq!(told.index.len(), 2);
}

/// Pods may be the only reason why a namespace has sidecars.
#[test]
fn namespaces_of_pods_with_a_sidecar_are_known_for_as_long_as_there_are_any() {
    let mut index = Index::new(10);
    let now = std::time::Instant::now();
    let pod = |uid: &str, injected| Meta { injected, ..meta(uid, uid, "app=web") };
    let of = |index: &Index| index.injected().into_iter().collect::<Vec<_>>().join(" ");
    let namespace = meta("a", "a", "").namespace;
    index.apply(Event::Applied(pod("plain", false)), now);
    assert_eq!(of(&index), "");
    for uid in ["a", "b", "a"] {
        index.apply(Event::Applied(pod(uid, true)), now);
    }
    assert_eq!(of(&index), namespace);
    index.apply(Event::Deleted("a".to_owned()), now);
    assert_eq!(of(&index), namespace);
    index.apply(Event::Applied(pod("b", false)), now);
    assert_eq!(of(&index), "");
}
