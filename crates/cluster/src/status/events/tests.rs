use outrigger_compile::Unreadable;
use outrigger_crd::{ModelPolicy, ModelPolicySpec};
use serde_json::json;

use super::*;

fn object(name: &str) -> ObjectRef {
    ObjectRef { kind: Kind::ModelRoute, namespace: "demo".to_owned(), name: name.to_owned() }
}

fn status(all: &[(&str, &str, &str)]) -> Status {
    let condition = |(kind, status, reason): &(&str, &str, &str)| Condition {
        last_transition_time: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
            Timestamp::new(1_800_000_000, 0).unwrap(),
        ),
        message: "why".to_owned(),
        observed_generation: None,
        reason: (*reason).to_owned(),
        status: (*status).to_owned(),
        type_: (*kind).to_owned(),
    };
    Status { conditions: all.iter().map(condition).collect(), observed_generation: None }
}

#[test]
fn an_event_is_that_something_is_wrong_or_no_longer_or_that_it_runs() {
    let told = |before: Option<(&str, &str, &str)>, after: (&str, &str, &str)| -> String {
        let before = before.map_or_else(Status::default, |it| status(&[it]));
        let events = transitions(&object("r"), "u", &before, &status(&[after]));
        events.iter().map(|it| format!("{}{}", if it.warning { "!" } else { "" }, it.reason)).collect()
    };
    let (accepted, invalid) = (("Accepted", "True", "Accepted"), ("Accepted", "False", "Invalid"));
    let runs = ("Programmed", "True", "Programmed");
    let pending = ("Programmed", "False", "Pending");
    assert_eq!(told(None, accepted), "");
    assert_eq!(told(None, invalid), "!Invalid");
    assert_eq!(told(Some(accepted), invalid), "!Invalid");
    assert_eq!(told(Some(invalid), accepted), "Accepted");
    assert_eq!(told(Some(invalid), invalid), "");
    assert_eq!(told(Some(invalid), ("Accepted", "False", "Conflicted")), "!Conflicted");
    assert_eq!(told(None, runs), "Programmed");
    assert_eq!(told(Some(runs), pending), "");
    assert_eq!(told(Some(pending), runs), "Programmed");
    assert_eq!(told(Some(runs), ("Programmed", "Unknown", "NoSidecars")), "");
    assert_eq!(told(Some(runs), ("Programmed", "Unknown", "PeerUnreachable")), "!PeerUnreachable");
    // What an API server fills in is nothing that was said.
    let mut new = status(&[("Accepted", "Unknown", "Pending")]);
    new.conditions[0].last_transition_time.0 = Timestamp::UNIX_EPOCH;
    assert_eq!(transitions(&object("r"), "u", &new, &status(&[accepted])), []);
}

fn policies(all: &[(&str, &str, serde_json::Value)]) -> World {
    let policy = |(name, uid, spec): &(&str, &str, serde_json::Value)| {
        let spec: ModelPolicySpec = serde_json::from_value(spec.clone()).unwrap();
        let mut policy = ModelPolicy::new(name, spec);
        policy.metadata.namespace = Some("demo".to_owned());
        policy.metadata.uid = Some((*uid).to_owned());
        policy
    };
    World { policies: all.iter().map(policy).collect(), ..World::default() }
}

#[test]
fn a_policy_that_is_widened_or_deleted_says_what_it_opens() {
    let deny = || json!({"providers": {"deny": ["openai"]}});
    let old = policies(&[
        ("gone", "1", deny()),
        ("wider", "2", deny()),
        ("same", "3", deny()),
        ("broken", "4", deny()),
        ("anew", "5", deny()),
        ("none", "6", json!({})),
    ]);
    let mut new = policies(&[("wider", "2", json!({})), ("same", "3", deny()), ("anew", "55", deny())]);
    let broken = ObjectRef { kind: Kind::ModelPolicy, namespace: "demo".to_owned(), name: "broken".to_owned() };
    new.unreadable.push(Unreadable { object: broken, reason: String::new(), aliases: Vec::new() });
    let told: Vec<String> =
        widenings(&old, &new).into_iter().map(|it| format!("{} {}: {}", it.object.name, it.reason, it.note)).collect();
    let opens = "no longer forbids provider openai";
    assert_eq!(
        told,
        [format!("gone Deleted: {opens}"), format!("wider Widened: {opens}"), format!("anew Deleted: {opens}")]
    );
}

#[test]
fn events_are_bounded_by_object_and_altogether() {
    let mut limit = Limit::new();
    let at = Duration::from_secs;
    let said =
        |limit: &mut Limit, name: &str, now: u64| (0..50).filter(|_| limit.allows(&object(name), at(now))).count();
    assert_eq!(said(&mut limit, "r", 0), 10);
    assert_eq!(said(&mut limit, "r", 59), 0);
    assert_eq!(said(&mut limit, "r", 130), 2);
    let all: usize = (0..50).map(|name| said(&mut limit, &format!("r{name}"), 1000)).sum();
    assert_eq!(all, 100);
}

#[test]
fn no_more_objects_are_remembered_than_the_bound() {
    let mut limit = Limit::new();
    for name in 0..2 * OBJECTS {
        limit.allows(&object(&format!("r{name}")), Duration::from_secs(1));
    }
    assert_eq!(limit.objects.len(), OBJECTS);
    limit.allows(&object("later"), Duration::from_secs(1000));
    assert_eq!(limit.objects.len(), 1);
}

#[test]
fn an_event_is_within_what_an_api_server_takes() {
    let event = Event {
        object: object(&"a.".repeat(126)),
        uid: Some("u".to_owned()),
        warning: true,
        reason: "Invalid".to_owned(),
        action: "Judge",
        note: "ä".repeat(5000),
    };
    let body = body(&event, "pod-0", Timestamp::now());
    assert!(body.metadata.name.unwrap().len() < 253 && body.note.unwrap().len() <= 1024);
    assert_eq!(body.regarding.unwrap().api_version.unwrap(), "outrigger.dev/v1alpha1");
    assert_eq!(body.type_.unwrap(), "Warning");
}
