use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use k8s_openapi::ByteString;

use super::{
    document::{Document, MOST_OLD, Made, time},
    phase::{Spread, Step, Timing, step},
    *,
};

const DAY: u64 = 24 * 3600;

/// Days and seconds after some day.
fn at(days: u64, seconds: u64) -> SystemTime {
    time(1_000 * DAY + days * DAY + seconds)
}

fn made(name: &str) -> Made {
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n");
    Made { certificate, key: format!("key-of-{name}") }
}

fn first() -> Document {
    Document::first(made("a"), at(0, 0), Timing::default().life)
}

const NOWHERE: Spread = Spread { complete: false, replaced: None };
const EVERYWHERE: Spread = Spread { complete: true, replaced: None };

fn names(document: &Document) -> String {
    let lines = document.bundle();
    let names: Vec<&str> = lines.lines().filter(|line| !line.starts_with('-')).collect();
    names.join(" ")
}

/// What is due, by document, bundles and time: an authority of 365 days is renewed after 243.33.
#[test]
fn what_is_due() {
    let timing = Timing::default();
    let one = first();
    let two = one.with_next(made("b"), at(244, 0), &timing);
    let noted = two.distributed(at(244, 60));
    let three = noted.promoted(at(244, 700), &timing);
    let late = Spread { complete: true, replaced: Some(at(244, 300)) };
    let third = DAY / 3;
    let cases: Vec<(&str, &Document, Spread, SystemTime, Step)> = vec![
        ("a young one", &one, EVERYWHERE, at(0, 0), Step::Wait(Some(at(243, third)))),
        ("a moment before", &one, EVERYWHERE, at(243, third - 1), Step::Wait(Some(at(243, third)))),
        ("two thirds", &one, NOWHERE, at(243, third), Step::MakeNext),
        ("over, and no next", &one, EVERYWHERE, at(365, 0), Step::Replace),
        (
            "a clock before its time",
            &one,
            EVERYWHERE,
            at(0, 0) - Duration::from_secs(DAY),
            Step::Wait(Some(at(243, third))),
        ),
        ("not everywhere", &two, NOWHERE, at(244, 10), Step::Wait(Some(at(304, DAY / 2)))),
        ("everywhere", &two, EVERYWHERE, at(244, 60), Step::Distributed),
        ("not settled", &noted, EVERYWHERE, at(244, 659), Step::Wait(Some(at(244, 660)))),
        ("settled", &noted, EVERYWHERE, at(244, 660), Step::Promote),
        ("one was written later", &noted, late, at(244, 660), Step::Wait(Some(at(244, 900)))),
        ("and has settled", &noted, late, at(244, 900), Step::Promote),
        ("no longer everywhere", &noted, NOWHERE, at(244, 900), Step::Wait(Some(at(304, DAY / 2)))),
        ("one that never takes it", &two, NOWHERE, at(304, DAY / 2), Step::Promote),
        ("over, and a next", &two, NOWHERE, at(366, 0), Step::Promote),
        ("the old one counts", &three, EVERYWHERE, at(250, 0), Step::Wait(Some(at(252, 700)))),
        ("and goes", &three, EVERYWHERE, at(252, 700), Step::Forget),
    ];
    for (what, document, spread, now, expected) in cases {
        assert_eq!(step(document, spread, now, &timing), expected, "{what}");
    }
    // A next one that is over before it signs is none.
    let idle = first().with_next(Made { ..made("c") }, at(0, 0), &Timing { life: Duration::from_secs(60), ..timing });
    assert_eq!(step(&idle, EVERYWHERE, at(300, 0), &timing), Step::MakeNext);
}

/// Whatever counts is in the bundle, and nothing else; what signs was in it before.
#[test]
fn a_rotation_from_end_to_end() {
    let timing = Timing::default();
    let one = first();
    assert_eq!(names(&one), "a");
    let two = one.with_next(made("b"), at(244, 0), &timing);
    assert_eq!((names(&two).as_str(), two.signing().key()), ("a b", "key-of-a"));
    let three = two.distributed(at(244, 60)).promoted(at(244, 660), &timing);
    assert_eq!((names(&three).as_str(), three.signing().key()), ("a b", "key-of-b"));
    assert_eq!(two.bundle(), three.bundle(), "what signs changes no bundle");
    assert!(!String::from_utf8(three.data()["authorities.json"].0.clone()).unwrap().contains("key-of-a"));
    assert_eq!(names(&three.forgotten(at(252, 0))), "a b");
    assert_eq!(names(&three.forgotten(at(253, 0))), "b");
    assert_eq!(one.seed(), three.seed(), "what is derived from it outlives a rotation");
    let anew = one.replaced(made("c"), at(366, 0), &timing);
    assert_eq!(names(&anew), "c");
    // It counts no longer than its own end.
    let late = first().with_next(made("b"), at(361, 0), &timing).promoted(at(362, 0), &timing);
    assert_eq!(step(&late, EVERYWHERE, at(365, 0), &timing), Step::Forget);
}

#[test]
fn old_authorities_are_few() {
    let timing = Timing::default();
    let document = (0..3 * MOST_OLD as u64).fold(first(), |document, n| {
        document.with_next(made(&format!("n{n}")), at(n, 0), &timing).promoted(at(n, 1), &timing)
    });
    assert_eq!(names(&document).split(' ').count(), MOST_OLD + 1);
    assert_eq!(Document::read(Some(&document.data())).unwrap(), document);
}

#[test]
fn a_document_is_read_as_it_was_written_and_never_shown() {
    let document = first().with_next(made("b"), at(244, 0), &Timing::default()).distributed(at(245, 0));
    let data = document.data();
    assert_eq!(Document::read(Some(&data)).unwrap(), document);
    assert_eq!(data["ca.crt"].0, document.bundle().into_bytes());
    let shown = format!(
        "{document:?} {:?} {:?}",
        made("a"),
        Known { material: Some(Material::Authorities(document.clone().into())), why: None }
    );
    assert!(!shown.contains("key-of") && !shown.contains(document.seed()), "{shown}");
    let broken: [&str; 5] = [
        "",
        "words",
        "{}",
        r#"{"seed":"","signing":{"certificate":"","key":"","made":1,"ends":2}}"#,
        &String::from_utf8(data["authorities.json"].0.clone()).unwrap().replace("BEGIN", "key-of-a"),
    ];
    for text in broken {
        let data = BTreeMap::from([("authorities.json".to_owned(), ByteString(text.as_bytes().to_vec()))]);
        assert!(!Document::read(Some(&data)).unwrap_err().contains("key-of"), "{text}");
    }
    let long = BTreeMap::from([("authorities.json".to_owned(), ByteString(vec![b' '; (256 << 10) + 1]))]);
    assert!(Document::read(Some(&long)).unwrap_err().contains("longer"));
    assert!(Document::read(None).is_err());
}
