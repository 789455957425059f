use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use k8s_openapi::api::core::v1::ConfigMap;
use kube_client::Error;

use super::{
    Content, Pace, Wanted,
    book::{Book, Refused, Report},
    content::Heard,
};

const FAST: Pace = Pace { batch: 9, pause: Duration::ZERO, rest: Duration::ZERO };

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn content(text: &str) -> Arc<Content> {
    let data = [("k".to_owned(), text.to_owned())].into_iter().filter(|_| !text.is_empty()).collect();
    Arc::new(Content::new(data, BTreeMap::new()))
}

/// These namespaces should hold `text`.
fn wanted(namespaces: &[&str], text: &str) -> Wanted {
    let maps: BTreeMap<_, _> = namespaces.iter().map(|name| ((*name).to_owned(), content(text))).collect();
    Wanted { of: Some(text.into()), maps: maps.into() }
}

fn heard(text: &str) -> Option<Heard> {
    Some(Heard::written(&content(text)))
}

fn due(book: &mut Book, seconds: u64) -> Vec<String> {
    book.due(at(seconds)).into_iter().map(|due| due.namespace).collect()
}

fn because(why: &str) -> Result<(), Refused> {
    Err(Refused::Because(why.to_owned()))
}

fn stands(report: &Report) -> (bool, Option<SystemTime>) {
    (report.complete, report.replaced)
}

/// Only what is different is written, however it became so.
#[test]
fn maps_are_written_where_they_differ() {
    let all = ["a", "b", "c"];
    let mut book = Book::new(FAST);
    assert!(due(&mut book, 0).is_empty(), "there is nothing to write");
    assert!(!book.report().complete);
    book.want(wanted(&all, "one"));
    book.note("b", heard("one"));
    book.note("c", heard("other"));
    book.note("elsewhere", heard("other"));
    assert_eq!(due(&mut book, 0), ["a", "c"]);
    assert!(!book.wrote("a", &content("one"), Ok(()), at(1)));
    assert_eq!(stands(&book.report()), (false, None), "a was nothing");
    book.wrote("c", &content("one"), Ok(()), at(2));
    assert_eq!(stands(&book.report()), (true, Some(at(2))));
    assert!(book.report().there.contains("elsewhere"));
    // Edited, deleted.
    book.note("a", heard("edited"));
    book.note("b", None);
    assert_eq!(due(&mut book, 3), ["a", "b"]);
    book.want(wanted(&all, "two"));
    assert_eq!(due(&mut book, 3).len(), 3);
}

/// A flood of edits is written as often as the pace allows, and its last state is.
#[test]
fn writes_have_a_pace() {
    let mut book = Book::new(Pace { batch: 2, pause: Duration::ZERO, rest: Duration::from_secs(10) });
    book.want(wanted(&["a", "b", "c"], "one"));
    assert_eq!(due(&mut book, 0), ["a", "b"], "a batch");
    for name in ["a", "b", "c"] {
        book.wrote(name, &content("one"), Ok(()), at(0));
    }
    book.want(wanted(&["a"], "two"));
    assert_eq!(book.next(at(1)), Some(Duration::from_secs(9)));
    assert!(due(&mut book, 9).is_empty());
    book.want(wanted(&["a"], "three"));
    assert_eq!(due(&mut book, 10), ["a"]);
    book.wrote("a", &content("three"), Ok(()), at(10));
    assert_eq!((due(&mut book, 60).len(), book.next(at(60))), (0, None), "the same is not written again");
}

/// A map without entries is not made, and one that has some is emptied.
#[test]
fn nothing_is_no_map() {
    let mut book = Book::new(FAST);
    book.want(wanted(&["a", "b", "c"], ""));
    book.note("b", heard("old"));
    book.note("c", heard(""));
    assert_eq!(due(&mut book, 0), ["b"]);
    book.wrote("b", &content(""), Ok(()), at(0));
    assert!(due(&mut book, 1).is_empty());
}

/// When it was written makes no content another, and entries of others are not ours to judge.
#[test]
fn a_map_is_judged_by_our_entries_but_for_the_time() {
    let content = Content::new(BTreeMap::new(), [("view.gz".to_owned(), vec![1, 2])].into()).stamped("written", at(7));
    let mut map = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
    content.fill(&mut map);
    assert_eq!(map["data"]["written"], "1000007000");
    assert_eq!(content, content.clone().stamped("written", at(8)), "its time is none of its content");
    map["data"]["others"] = "theirs".into();
    let map: ConfigMap = serde_json::from_value(map).unwrap();
    let ours = |key: &str| key.ends_with(".gz");
    assert!(Heard::of(&map, ours).is(&content));
    assert!(!Heard::of(&map, |_| true).is(&content));
    assert!(!Heard::of(&ConfigMap::default(), ours).is(&content));
    assert!(Heard::of(&ConfigMap::default(), ours).is(&Content::new(BTreeMap::new(), BTreeMap::new())));
}

/// One that refuses stops nobody, is left alone for a while, and is news once.
#[test]
fn a_namespace_that_refuses_stops_nobody() {
    let one = content("one");
    let mut book = Book::new(FAST);
    book.want(wanted(&["a", "b"], "one"));
    assert!(book.wrote("a", &one, because("no"), at(0)));
    assert!(!book.wrote("a", &one, because("no"), at(0)));
    assert!(book.wrote("a", &one, because("not you"), at(0)));
    assert_eq!(due(&mut book, 29), ["b"]);
    assert_eq!(due(&mut book, 30), ["a", "b"]);
    book.wrote("b", &one, Ok(()), at(30));
    let report = book.report();
    assert_eq!((report.written, report.refused, report.complete), (1, 1, false));
    assert_eq!(report.named, [("a".to_owned(), "not you".to_owned())]);
    assert!(book.wrote("a", &one, Ok(()), at(30)), "that it is mended is news");
    assert!(book.report().complete);
    // Nobody waits for one that goes, or that has no sidecars any more.
    book.note("a", None);
    book.wrote("a", &one, Err(Refused::Gone), at(40));
    assert!(book.report().complete);
    book.wrote("a", &one, because("no"), at(50));
    book.want(wanted(&["b"], "one"));
    assert_eq!(book.report().refused, 0);
    // As many as there are are refused, and few are named.
    let many: Vec<String> = (0..100).map(|n| format!("n{n}")).collect();
    book.want(wanted(&many.iter().map(String::as_str).collect::<Vec<_>>(), "one"));
    for name in &many {
        book.wrote(name, &one, because("no"), at(0));
    }
    let report = book.report();
    assert_eq!((report.refused, report.named.len()), (100, 8));
    // What is refused of one content says nothing of the next.
    book.want(wanted(&["n1"], "two"));
    assert_eq!(due(&mut book, 1), ["n1"]);
}

#[test]
fn what_an_answer_means_for_a_namespace() {
    let answer = |json: serde_json::Value| Error::Api(Box::new(serde_json::from_value(json).unwrap()));
    let terminating = serde_json::json!({"code": 403, "reason": "Forbidden", "message": "m",
        "details": {"causes": [{"reason": "NamespaceTerminating", "message": "m", "field": "metadata.namespace"}]}});
    for (error, gone) in [
        (answer(terminating), true),
        (answer(serde_json::json!({"code": 404, "reason": "NotFound"})), true),
        (answer(serde_json::json!({"code": 403, "reason": "Forbidden", "message": "m"})), false),
        (answer(serde_json::json!({"code": 500, "reason": "InternalError"})), false),
    ] {
        assert_eq!(Refused::of(&error) == Refused::Gone, gone, "{error}");
    }
}
