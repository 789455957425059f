//! The state machine alone: what a folder holds over time, and what is said of it.

use std::time::{Duration, SystemTime};

use super::*;
use crate::{Contents, INTERVAL, settle::Settling};

/// What a folder of these words holds: `a` is a route, `a=2` the same with another model, `a!` one that cannot be read,
/// `?` a document that is no YAML, `GONE` no folder.
fn contents(folder: &str) -> Result<Contents, String> {
    if folder == "GONE" {
        return Err("it is not there".to_owned());
    }
    let text: String = folder
        .split_whitespace()
        .map(|word| match (word, word.strip_suffix('!'), word.split_once('=')) {
            ("?", ..) => "---\nkind: [\n".to_owned(),
            (_, Some(name), _) => broken(name),
            (_, _, Some((name, model))) => route(name, model),
            _ => route(word, "m"),
        })
        .collect();
    Ok(Contents::of(vec![("f.yaml".to_owned(), Ok(text))], &no_env))
}

/// Looks four times a second for as long as `story` goes on and three seconds longer; everything that was said, with when.
fn follow(first: &str, story: &[(u64, &str)]) -> Vec<String> {
    let (mut settling, edit) = Settling::start(contents(first).unwrap());
    let mut all = vec![format!("0 {}", said(&edit))];
    let end = story.last().map_or(0, |(at, _)| *at) + 3000;
    let mut before = first;
    for tick in 1..=end / INTERVAL.as_millis() as u64 {
        let at = tick * INTERVAL.as_millis() as u64;
        let folder = story.iter().rev().find(|(from, _)| *from <= at).map_or(first, |(_, folder)| folder);
        let changed = std::mem::replace(&mut before, folder) != folder;
        if settling.looked(changed, SystemTime::UNIX_EPOCH + Duration::from_millis(at)) {
            all.extend(settling.read(contents(folder)).map(|edit| format!("{at} {}", said(&edit))));
        }
    }
    all
}

/// Name, what the folder holds first, what it holds from when on, and what is said.
type Story<'a> = (&'a str, &'a str, &'a [(u64, &'a str)], Vec<String>);

#[test]
fn what_an_edit_adds_counts_at_once_and_what_it_takes_away_when_it_is_quiet() {
    const EMPTY: &str = "the policy folder holds no ModelProvider, ModelRoute or ModelPolicy";
    const TORN: &str =
        "the policy folder holds no object that can be read: f.yaml:2:7: not valid YAML: unclosed bracket '['";
    let empty = |at: u64, world: &str| format!("{at} {world} ({EMPTY})");
    let torn = |at: u64, world: &str| format!("{at} {world} ({TORN})");
    let plain = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let table: &[Story<'_>] = &[
        ("nothing happens", "a", &[], plain(&["0 a"])),
        ("added and changed", "a", &[(250, "a=2 b")], plain(&["0 a", "250 a=2 b"])),
        ("removed", "a b", &[(250, "a")], plain(&["0 a b", "250 a b", "1250 a"])),
        ("removed as it was", "a b=2", &[(250, "a")], plain(&["0 a b=2", "250 a b=2", "1250 a"])),
        ("one for another", "a b", &[(250, "a c")], plain(&["0 a b", "250 a b c", "1250 a c"])),
        ("missing for a moment", "a b", &[(250, "a"), (750, "a b")], plain(&["0 a b", "250 a b", "750 a b"])),
        (
            "missing again and again",
            "a b",
            &[(250, "a"), (1000, "a b"), (1250, "a"), (2000, "a b")],
            plain(&["0 a b", "250 a b", "1000 a b", "1250 a b", "2000 a b"]),
        ),
        (
            "every change begins the wait again",
            "a b",
            &[(250, "a"), (1000, "a=2"), (1750, "a=3")],
            plain(&["0 a b", "250 a b", "1000 a=2 b", "1750 a=3 b", "2750 a=3"]),
        ),
        ("broken by name", "a b", &[(250, "a b!")], plain(&["0 a b", "250 a b!"])),
        (
            "broken, then removed",
            "a b",
            &[(250, "a b!"), (500, "a")],
            plain(&["0 a b", "250 a b!", "500 a b!", "1500 a"]),
        ),
        ("all that is there is broken", "a", &[(250, "a!")], plain(&["0 a", "250 a!"])),
        (
            "nothing goes while something cannot be read",
            "a b",
            &[(250, "a ?"), (4000, "a"), (4500, "a")],
            plain(&["0 a b", "250 a b ?", "4000 a b", "5000 a"]),
        ),
        ("saved through emptiness", "a b", &[(250, ""), (500, "a b")], plain(&["0 a b", "500 a b"])),
        (
            "saved through emptiness, cut",
            "a b",
            &[(250, ""), (500, "a"), (750, "a b")],
            plain(&["0 a b", "500 a b", "750 a b"]),
        ),
        ("emptied", "a", &[(250, "")], [plain(&["0 a"]), vec![empty(1250, "a")]].concat()),
        (
            "emptied and filled with other things",
            "a",
            &[(250, ""), (2000, "b")],
            [plain(&["0 a"]), vec![empty(1250, "a")], plain(&["2000 a b", "3000 b"])].concat(),
        ),
        (
            "emptied and filled as it was",
            "a",
            &[(250, ""), (2000, "a")],
            [plain(&["0 a"]), vec![empty(1250, "a")], plain(&["2000 a"])].concat(),
        ),
        ("torn", "a", &[(250, "?")], [plain(&["0 a"]), vec![torn(250, "a")]].concat()),
        (
            "torn, then emptied",
            "a",
            &[(250, "?"), (500, "")],
            [plain(&["0 a"]), vec![torn(250, "a"), empty(1500, "a")]].concat(),
        ),
        ("the folder goes", "a", &[(250, "GONE")], plain(&["0 a", "1250 a (it is not there)"])),
        (
            "the folder goes and is empty when it comes back",
            "a",
            &[(250, "GONE"), (2000, "")],
            [plain(&["0 a", "1250 a (it is not there)"]), vec![empty(3000, "a")]].concat(),
        ),
        ("the folder is replaced", "a", &[(250, "GONE"), (500, "a=2")], plain(&["0 a", "500 a=2"])),
        ("empty at the start", "", &[(250, "a")], [vec![empty(0, "")], plain(&["250 a"])].concat()),
        ("torn at the start", "?", &[(250, "a")], [vec![torn(0, "?")], plain(&["250 a"])].concat()),
    ];
    for (name, first, story, expected) in table {
        assert_eq!(follow(first, story), *expected, "{name}");
    }
}

#[test]
fn a_clock_that_jumps_and_a_machine_that_slept_make_nothing_quiet() {
    let at = |ms: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
    let (mut settling, _) = Settling::start(contents("a b").unwrap());
    assert!(settling.looked(true, at(1_000_000)));
    assert_eq!(said(&settling.read(contents("a")).unwrap()), "a b");
    assert!(!settling.looked(false, at(9_000_000)), "an hour ahead");
    assert!(!settling.looked(false, at(500)), "back to the beginning");
    assert!(!settling.looked(false, at(750)));
    assert!(settling.looked(false, at(1_000)), "now it was seen for a second");
    assert_eq!(said(&settling.read(contents("a")).unwrap()), "a");
}

#[test]
fn a_second_reading_that_misses_something_else_takes_only_what_both_missed() {
    let at = |ms: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
    let (mut settling, _) = Settling::start(contents("a b c").unwrap());
    assert!(settling.looked(true, at(0)));
    settling.read(contents("a b")).unwrap();
    assert!(!settling.looked(false, at(500)) && settling.looked(false, at(1000)));
    // Somebody saves just now, after the look.
    assert_eq!(said(&settling.read(contents("a")).unwrap()), "a b");
    assert!(!settling.looked(false, at(1500)) && settling.looked(false, at(2000)));
    assert_eq!(settling.read(contents("a b")).map(|edit| said(&edit)), None, "it was there all the time");
}

#[test]
fn a_reading_that_fell_between_two_saves_is_made_again() {
    let at = |ms: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
    let (mut settling, _) = Settling::start(contents("a").unwrap());
    assert!(settling.looked(true, at(0)));
    assert_eq!(said(&settling.read(contents("a=1")).unwrap()), "a=1");
    assert!(!settling.looked(false, at(500)) && settling.looked(false, at(1000)));
    assert_eq!(said(&settling.read(contents("a=2")).unwrap()), "a=2");
    assert!(!settling.looked(false, at(1500)) && settling.looked(false, at(2000)));
    assert!(settling.read(contents("a=2")).is_none());
    assert!(
        !settling.looked(false, at(2500)) && !settling.looked(false, at(3000)) && !settling.looked(false, at(3500))
    );
}
