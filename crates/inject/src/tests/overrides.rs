//! R-INJ-8: what annotations may say, and what they may not.

use serde_json::json;

use super::{plain, sidecar, variables};

#[test]
fn annotations_choose_within_what_a_profile_may_say() {
    let (after, notes) = plain(
        "annotations: {outrigger.dev/memory-limit: 256Mi, outrigger.dev/cpu-request: 100m, outrigger.dev/cpu-limit: '2', \
         outrigger.dev/log: 'info,outrigger_proxy=debug', outrigger.dev/log-format: text, outrigger.dev/drain: 10s}",
        "",
    )
    .injected();
    assert_eq!(
        sidecar(&after)["resources"],
        json!({"requests": {"cpu": "100m", "memory": "32Mi"}, "limits": {"cpu": "2", "memory": "256Mi"}})
    );
    let set = variables(sidecar(&after));
    for expected in
        ["OUTRIGGER_LOG=info,outrigger_proxy=debug", "OUTRIGGER_LOG_FORMAT=text", "OUTRIGGER_DRAIN_TIMEOUT=10s"]
    {
        assert!(set.iter().any(|it| it == expected), "{expected}: {set:?}");
    }
    assert_eq!(notes, Vec::<String>::new());
}

/// Nothing that an annotation says reaches beyond the pod or raises a right.
#[test]
fn what_is_denied_changes_nothing_and_is_said() {
    let (bare, _) = plain("annotations: {a: b}", "").injected();
    for name in
        ["image", "image-pull-policy", "control-plane", "ca", "token", "security-context", "privileged", "run-as-user"]
    {
        let (after, notes) = plain(&format!("annotations: {{outrigger.dev/{name}: evil}}"), "").injected();
        assert_eq!(sidecar(&after), sidecar(&bare), "{name}");
        assert_eq!(
            notes,
            [format!(
                "AnnotationDenied: the annotation outrigger.dev/{name} is left out: only the values of the chart may say that"
            )]
        );
    }
}

#[test]
fn what_means_nothing_is_said_and_left_out() {
    let (bare, _) = plain("annotations: {a: b}", "").injected();
    for (annotation, said) in [
        ("outrigger.dev/memory-limt: 1Gi", "means nothing; is it meant as outrigger.dev/memory-limit?"),
        ("outrigger.dev/colour: red", "the annotation outrigger.dev/colour means nothing"),
        ("outrigger.dev/memory-limit: lots", "says \"lots\", which is not an amount such as 64Mi or 100m"),
        ("outrigger.dev/port: '80'", "which is not a port from 1024 to 65535"),
        ("outrigger.dev/drain: 0s", "which is not a duration such as 90s"),
        ("outrigger.dev/log: 'info; rm'", "which is not a level"),
        ("outrigger.dev/containers: 'a,,b'", "which is not names of containers"),
    ] {
        let (after, notes) = plain(&format!("annotations: {{{annotation}}}"), "").injected();
        assert_eq!(sidecar(&after), sidecar(&bare), "{annotation}");
        assert!(notes.len() == 1 && notes[0].contains(said) && !notes[0].contains('\n'), "{annotation}: {notes:?}");
    }
}

/// Whatever people write, what is said of it fits into an Event.
#[test]
fn what_is_said_is_short() {
    let long = "ä".repeat(60_000);
    let mut case = plain("", "");
    case.pod["metadata"]["annotations"] = json!({"outrigger.dev/log": long, format!("outrigger.dev/{long}"): "x"});
    let (_, notes) = case.injected();
    assert_eq!(notes.len(), 2);
    assert!(notes.iter().all(|note| note.len() < 1000), "{:?}", notes.iter().map(String::len).collect::<Vec<_>>());
}
