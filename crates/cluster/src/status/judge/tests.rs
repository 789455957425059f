use outrigger_compile::ObjectRef;

use super::*;

/// Of an object that nothing was said of.
static NEW: Status = Status { conditions: Vec::new(), observed_generation: None };
const THEN: &str = "2026-12-01T10:00:00Z";
const NOW: &str = "2026-12-01T12:00:00.4Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn problem(field: &str, reason: &str, severity: Severity, cause: Cause) -> Problem {
    let object = ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: "r".to_owned() };
    Problem { object, field: field.to_owned(), reason: reason.to_owned(), severity, cause }
}

fn counts(total: u32, current: u32) -> Counts {
    Counts { generation: Some(2), total, current, ..Counts::default() }
}

fn held(total: u32, held: u32) -> Counts {
    Counts { held, ..counts(total, 0) }
}

fn subject(present: &Status) -> Subject<'_> {
    Subject { kind: Kind::ModelRoute, generation: Some(2), unreadable: None, present }
}

fn judged(problems: &[Problem], counts: &Counts) -> Status {
    judge(&subject(&NEW), problems, counts, Reach::Whole, time(NOW))
}

fn shown(status: &Status, kind: &str) -> String {
    find(&status.conditions, kind)
        .map_or_else(|| "none".to_owned(), |it| format!("{} {}: {}", it.status, it.reason, it.message))
}

#[test]
fn accepted_speaks_of_the_spec_alone() {
    use {Cause::*, Severity::*};
    let spec = |severity| problem("spec.a", "is wrong", severity, Spec);
    let table: [(&[Problem], &str); 8] = [
        (&[], "True Accepted: the spec is valid"),
        (&[spec(Error)], "False Invalid: spec.a: is wrong"),
        (&[spec(Error), spec(Error), spec(Error)], "False Invalid: 3 problems, the first: spec.a: is wrong"),
        (&[spec(Warning)], "True Accepted: warning: spec.a: is wrong"),
        // A warning does not count among what is wrong.
        (&[spec(Warning), spec(Error)], "False Invalid: spec.a: is wrong"),
        (&[problem("spec.aliases[0]", "is taken", Error, Conflict)], "False Conflicted: spec.aliases[0]: is taken"),
        (
            &[problem("spec.aliases[0]", "is taken", Warning, Conflict)],
            "True Accepted: warning: spec.aliases[0]: is taken",
        ),
        (&[problem("spec.p", "is not there", Error, RefNotFound)], "True Accepted: the spec is valid"),
    ];
    for (problems, expected) in table {
        assert_eq!(shown(&judged(problems, &counts(1, 1)), ACCEPTED), expected);
    }
    let unreadable = Subject { unreadable: Some("unknown field `x`"), generation: None, ..subject(&NEW) };
    let status = judge(&unreadable, &[], &held(4, 4), Reach::Whole, time(NOW));
    assert_eq!(shown(&status, ACCEPTED), "False Invalid: it cannot be read: unknown field `x`");
    assert_eq!(shown(&status, RESOLVED_REFS), "none");
    assert!(shown(&status, PROGRAMMED).starts_with("False Held: since 2026-12-01T12:00:00Z: 4 sidecars"));
}

#[test]
fn resolved_refs_speaks_of_what_is_named_however_severe() {
    use {Cause::*, Severity::*};
    let named = |severity, cause| problem("spec.targets[0].provider", "x", severity, cause);
    let table: [(&[Problem], &str); 5] = [
        (
            &[problem("spec.a", "is wrong", Error, Spec)],
            "True ResolvedRefs: everything that it names is there and may be used",
        ),
        (&[named(Error, RefNotFound)], "False NotFound: spec.targets[0].provider: x"),
        (&[named(Warning, RefNotFound)], "False NotFound: spec.targets[0].provider: x"),
        (&[named(Denied, RefNotPermitted)], "False NotPermitted: spec.targets[0].provider: x"),
        (
            &[named(Warning, RefNotPermitted), named(Error, RefNotFound)],
            "False NotPermitted: 2 problems, the first: spec.targets[0].provider: x",
        ),
    ];
    for (problems, expected) in table {
        assert_eq!(shown(&judged(problems, &counts(1, 1)), RESOLVED_REFS), expected);
    }
    let policy = Subject { kind: Kind::ModelPolicy, ..subject(&NEW) };
    let status = judge(&policy, &[], &counts(1, 1), Reach::Whole, time(NOW));
    assert_eq!(shown(&status, RESOLVED_REFS), "none");
}

#[test]
fn programmed_speaks_of_the_sidecars() {
    let rejected =
        Counts { rejected: 3, rejection: "limits are not known to version 1".to_owned(), ..counts(412, 409) };
    let above = Counts { holder: "ModelPolicy demo/p is broken".to_owned(), ..held(412, 412) };
    let table = [
        (counts(412, 412), Reach::Whole, "True Programmed: 412 of 412 sidecars"),
        (counts(1, 1), Reach::Whole, "True Programmed: 1 of 1 sidecar"),
        (counts(412, 409), Reach::Whole, "False Pending: 409 of 412 sidecars"),
        (rejected, Reach::Whole, "False Rejected: 3 of 412 sidecars: limits are not known to version 1"),
        (
            held(412, 412),
            Reach::Whole,
            "False Held: since 2026-12-01T12:00:00Z: 412 sidecars go on with what it was before",
        ),
        (held(1, 1), Reach::Whole, "False Held: since 2026-12-01T12:00:00Z: 1 sidecar goes on with what it was before"),
        (
            held(412, 3),
            Reach::Whole,
            "False Held: since 2026-12-01T12:00:00Z: 3 of 412 sidecars go on with what it was before",
        ),
        (
            above,
            Reach::Whole,
            "False Held: since 2026-12-01T12:00:00Z: 412 sidecars go on with what it was before: ModelPolicy demo/p is broken",
        ),
        (counts(0, 0), Reach::Whole, "Unknown NoSidecars: no sidecar that is connected has a part of it"),
        (
            counts(8, 8),
            Reach::Missing(1),
            "Unknown PeerUnreachable: 1 replica does not answer; of the others', 8 of 8 sidecars run it",
        ),
        (
            counts(8, 8),
            Reach::Missing(2),
            "Unknown PeerUnreachable: 2 replicas do not answer; of the others', 8 of 8 sidecars run it",
        ),
        (counts(8, 8), Reach::Settling, "none"),
    ];
    for (counts, reach, expected) in table {
        let status = judge(&subject(&NEW), &[], &counts, reach, time(NOW));
        assert_eq!(shown(&status, PROGRAMMED), expected);
    }
}

#[test]
fn every_condition_says_of_which_generation_it_speaks() {
    let status = judged(&[], &counts(1, 1));
    assert_eq!(status.observed_generation, Some(2));
    assert_eq!(status.conditions.len(), 3);
    assert!(status.conditions.iter().all(|it| it.observed_generation == Some(2)));
    // While nothing is known, what was said before stays, and so does what it spoke of.
    let next = Subject { generation: Some(3), ..subject(&status) };
    let settling = judge(&next, &[], &counts(0, 0), Reach::Settling, time(NOW));
    assert_eq!(find(&settling.conditions, PROGRAMMED), find(&status.conditions, PROGRAMMED));
    assert_eq!(find(&settling.conditions, ACCEPTED).unwrap().observed_generation, Some(3));
}

#[test]
fn a_transition_is_a_change_of_status_and_of_nothing_else() {
    let at = |status: &Status, kind: &str| find(&status.conditions, kind).unwrap().last_transition_time.0;
    let first = judge(&subject(&NEW), &[], &counts(2, 1), Reach::Whole, time(THEN));
    assert_eq!(at(&first, PROGRAMMED), time(THEN));
    // Another message, another reason: the same status.
    let held = judge(&subject(&first), &[], &held(2, 2), Reach::Whole, time(NOW));
    assert_eq!(at(&held, PROGRAMMED), time(THEN));
    let whole = judge(&subject(&held), &[], &counts(2, 2), Reach::Whole, time(NOW));
    assert_eq!(at(&whole, PROGRAMMED), time("2026-12-01T12:00:00Z"));
    assert_eq!(at(&whole, ACCEPTED), time(THEN));
    // Nothing that is said again is a change.
    let again = judge(&subject(&whole), &[], &counts(2, 2), Reach::Whole, time("2026-12-01T13:00:00Z"));
    assert_eq!(again, whole);
}

/// An API server fills in what nobody has said yet.
#[test]
fn what_nobody_has_said_is_no_condition() {
    let never = |kind: &str| Condition {
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
        message: "Waiting for the control plane".to_owned(),
        observed_generation: None,
        reason: "Pending".to_owned(),
        status: "Unknown".to_owned(),
        type_: kind.to_owned(),
    };
    let new = Status { conditions: [ACCEPTED, RESOLVED_REFS, PROGRAMMED].map(never).into(), observed_generation: None };
    let settling = judge(&subject(&new), &[], &counts(0, 0), Reach::Settling, time(NOW));
    assert_eq!(shown(&settling, PROGRAMMED), "none");
    // Unknown it is, and since now.
    let nobody = judge(&subject(&new), &[], &counts(0, 0), Reach::Whole, time(NOW));
    assert_eq!(find(&nobody.conditions, PROGRAMMED).unwrap().last_transition_time.0, time("2026-12-01T12:00:00Z"));
}

#[test]
fn what_is_held_is_held_since_the_same_moment() {
    let first = judge(&subject(&NEW), &[], &held(2, 2), Reach::Whole, time(THEN));
    let later = judge(&subject(&first), &[], &held(9, 9), Reach::Whole, time(NOW));
    assert_eq!(
        shown(&later, PROGRAMMED),
        format!("False Held: since {THEN}: 9 sidecars go on with what it was before")
    );
    // What somebody else has written there is no time.
    let mut strange = first.clone();
    strange.conditions.iter_mut().for_each(|it| it.message = "since ever: so".to_owned());
    let told = shown(&judge(&subject(&strange), &[], &held(2, 2), Reach::Whole, time(NOW)), PROGRAMMED);
    assert!(told.contains("since 2026-12-01T12:00:00Z"), "{told}");
}

#[test]
fn a_change_is_as_urgent_as_the_most_urgent_of_its_conditions() {
    let old = judged(&[], &counts(4, 4));
    let to = |problems: &[Problem], counts: &Counts| {
        change(&old, &judge(&subject(&old), problems, counts, Reach::Whole, time(NOW)))
    };
    let wrong = problem("spec.a", "is wrong", Severity::Error, Cause::Spec);
    let warning = problem("spec.a", "is odd", Severity::Warning, Cause::Spec);
    assert_eq!(to(&[], &counts(4, 4)), Change::None);
    assert_eq!(to(&[], &counts(5, 5)), Change::Counts);
    assert_eq!(to(&[], &counts(5, 4)), Change::State);
    assert_eq!(to(&[wrong], &counts(5, 4)), Change::Edit);
    assert_eq!(to(&[warning], &counts(4, 4)), Change::Edit);
    assert_eq!(change(&NEW, &old), Change::Edit);
    let edited = Subject { generation: Some(3), ..subject(&old) };
    assert_eq!(change(&old, &judge(&edited, &[], &counts(4, 4), Reach::Whole, time(NOW))), Change::Edit);
    // Of other types, others speak.
    let mut more = old.clone();
    more.conditions.push(Condition { type_: "Audited".to_owned(), ..old.conditions[0].clone() });
    assert_eq!(change(&more, &old), Change::None);
}

#[test]
fn messages_are_bounded() {
    let long = problem("spec.a", &"ä".repeat(5000), Severity::Error, Cause::Spec);
    let told = shown(&judged(&[long.clone(), long], &counts(1, 1)), ACCEPTED);
    assert!(told.len() < MESSAGE + 32 && told.contains("2 problems, the first: "), "{}", told.len());
}
