use std::collections::BTreeSet;

use outrigger_probe::browser::Refusal;
use outrigger_route::{NoRoute, closed::Closed};
use outrigger_wire::{Kind, request::BadRequest};

use super::*;
use crate::error::Error;

/// The words in quotes of the functions called `code` in a file.
fn words(source: &str) -> BTreeSet<&str> {
    let bodies = source.split("fn code(").skip(1).map(|rest| rest.split("\n    }\n").next().unwrap());
    bodies.flat_map(|body| body.split('"').skip(1).step_by(2)).collect()
}

fn told(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|row| row.code == code)
}

#[test]
fn every_code_has_one_row_and_no_row_is_of_no_code() {
    let all: BTreeSet<&str> = CODES.iter().map(|row| row.code).collect();
    assert_eq!(all.len(), CODES.len(), "a code has two rows");
    let mut known: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    known.extend([Refusal::Host, Refusal::Origin, Refusal::Site].map(Refusal::code));
    known.extend(words(include_str!("../../error.rs")));
    known.extend(words(include_str!("../../../../route/src/closed.rs")));
    let (_, no_route) = include_str!("../../../../route/src/reason.rs").split_once("impl NoRoute").unwrap();
    known.extend(words(no_route));
    assert_eq!(all, known);
    for row in CODES {
        let texts = [row.status, row.fault, row.meaning, row.remedy];
        assert!(texts.iter().all(|text| !text.is_empty() && !text.contains('|')), "{row:?}");
    }
}

/// Where the status is ours it is what the answer has.
#[test]
fn statuses_of_our_own_errors_are_those_of_the_table() {
    let name = || "m".to_owned();
    let closed = |why| Error::NoRoute(NoRoute::Closed { name: name(), why });
    let object = || Box::<str>::from("ModelRoute a/b");
    let mut seen = BTreeSet::new();
    for error in [
        Error::BadRequest(BadRequest::Syntax("x".to_owned())),
        Error::BadField(name()),
        Error::BodyAborted,
        Error::BodyTooLarge(1),
        Error::BodyTimeout,
        Error::Encoding(name()),
        Error::Overloaded,
        Error::PolicyPending,
        Error::NoPath(name()),
        Error::Method("GET"),
        Error::Browser(Refusal::Host),
        Error::Browser(Refusal::Site),
        Error::NoGeneration(name()),
        Error::ShuttingDown,
        Error::Internal,
        Error::NoRoute(NoRoute::NoName),
        Error::NoRoute(NoRoute::Unknown { name: name(), nearest: Vec::new() }),
        Error::NoRoute(NoRoute::Nothing { name: name() }),
        closed(Closed::Unserved { by: object() }),
        closed(Closed::Broken { object: object(), reason: object() }),
        closed(Closed::NoTargets { object: object(), reason: object() }),
        closed(Closed::NotForWorkload { route: object() }),
        closed(Closed::Unsupported { object: object() }),
        closed(Closed::CredentialsPending),
        closed(Closed::Pending),
        closed(Closed::Stale),
        closed(Closed::BareModel { policy: object() }),
        closed(Closed::Forbidden([].into())),
    ] {
        let row = told(error.code()).unwrap();
        let status = error.status().as_u16().to_string();
        assert!(row.status.split(", ").any(|word| word == status), "{}: {status}, not {}", row.code, row.status);
        seen.insert(row.code);
    }
    let words = words(include_str!("../../../../route/src/closed.rs"));
    assert!(words.is_subset(&seen), "{:?}", words.difference(&seen));
}
