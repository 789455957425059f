use k8s_openapi::jiff::Timestamp;
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
fn an_event_names_its_object_as_the_api_server_does() {
    let event = Event {
        object: object("r"),
        uid: Some("u".to_owned()),
        warning: true,
        reason: "Invalid".to_owned(),
        action: "Judge",
        note: "why".to_owned(),
    };
    let about = Said::from(event).about;
    assert_eq!(about.api_version.unwrap(), "outrigger.dev/v1alpha1");
    assert_eq!((about.kind.unwrap().as_str(), about.uid.unwrap().as_str()), ("ModelRoute", "u"));
}
