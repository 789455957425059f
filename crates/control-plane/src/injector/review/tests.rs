use serde_json::{Value, json};

use super::*;

fn settings() -> Settings {
    Settings {
        image: "sidecar:1".to_owned(),
        pull_policy: None,
        control_plane: "https://cp:4119".to_owned(),
        ledger: None,
        tracing: None,
        genai_metrics: false,
        system_namespace: "outrigger-system".to_owned(),
    }
}

fn asked(pod: &Value, more: &Value) -> Value {
    let mut request = json!({
        "uid": "u1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "shop", "operation": "CREATE", "userInfo": {}, "object": pod,
    });
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

fn answered(review: &Value, by_namespace: bool) -> (Value, &'static str, Vec<Said>) {
    let read = Review::read(review.to_string().as_bytes(), by_namespace);
    let read = read.unwrap_or_else(|NoReview| panic!("{review}"));
    let secrets = Secrets::Unknown("nobody looked".to_owned());
    let reviewed = super::answer(&read, &settings(), &|_, _| None, &secrets);
    let Reviewed { answer, code, said } = reviewed.unwrap_or_else(|NoReview| panic!("{review}"));
    (serde_json::to_value(answer).unwrap(), code, said)
}

fn pod(spec: &Value) -> Value {
    let owner =
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d9c", "uid": "o1", "controller": true});
    json!({"metadata": {"generateName": "web-5d9c-", "ownerReferences": [owner]}, "spec": spec})
}

#[test]
fn a_pod_is_patched_in_the_words_of_the_api() {
    let (answer, code, said) = answered(&asked(&pod(&json!({"containers": [{"name": "a"}]})), &json!({})), true);
    assert_eq!((code, said.len()), ("injected", 0));
    assert_eq!((&answer["apiVersion"], &answer["kind"]), (&json!("admission.k8s.io/v1"), &json!("AdmissionReview")));
    let response = &answer["response"];
    assert_eq!(
        (&response["uid"], &response["allowed"], &response["patchType"]),
        (&json!("u1"), &json!(true), &json!("JSONPatch"))
    );
    assert!(response.get("warnings").is_none() && !response["patch"].is_null());
}

/// R-INJ-2: one Event on the owner for each reason, one word for the counter, and whoever creates it is told too.
#[test]
fn what_is_skipped_is_said_of_its_owner() {
    let review = asked(&pod(&json!({"containers": [{"name": "a"}], "hostNetwork": true})), &json!({}));
    let (answer, code, said) = answered(&review, true);
    assert_eq!((code, &answer["response"]["allowed"]), ("host_network", &json!(true)));
    assert!(answer["response"].get("patch").is_none());
    let [event] = &said[..] else { panic!("{said:?}") };
    assert_eq!((event.about.kind.as_deref(), event.about.uid.as_deref()), (Some("ReplicaSet"), Some("o1")));
    assert_eq!(event.reason, "InjectionSkipped");
    assert!(event.note.starts_with("no sidecar (host_network): it uses the node's network"), "{}", event.note);
    let warning = answer["response"]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("outrigger: no sidecar (host_network)") && !warning.contains('\n'), "{warning}");
}

#[test]
fn of_a_dry_run_nothing_is_said_but_to_who_asks() {
    let review = asked(&pod(&json!({"containers": [], "hostNetwork": true})), &json!({"dryRun": true}));
    let (answer, code, said) = answered(&review, true);
    assert_eq!((code, said.len()), ("host_network", 0));
    assert!(!answer["response"]["warnings"].is_null());
}

/// Without a label of the namespace the pod's own word counts, and without one nothing is said.
#[test]
fn only_who_asks_is_answered() {
    let plain = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}});
    assert_eq!(answered(&asked(&plain, &json!({})), false).1, "not_asked");
    let labelled = json!({"metadata": {"name": "p", "labels": {"outrigger.dev/inject": "enabled"}}, "spec": {"containers": [{"name": "a"}]}});
    assert_eq!(answered(&asked(&labelled, &json!({})), false).1, "injected");
    let wrong =
        json!({"metadata": {"name": "p", "labels": {"outrigger.dev/inject": "on"}}, "spec": {"containers": []}});
    let (_, code, said) = answered(&asked(&wrong, &json!({"name": "p"})), false);
    assert_eq!(
        (code, said[0].about.kind.as_deref(), said[0].about.name.as_deref()),
        ("invalid_value", Some("Pod"), Some("p"))
    );
}

#[test]
fn what_is_no_review_is_none() {
    for body in [&b""[..], b"{}", b"null", br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}"#] {
        assert!(Review::read(body, true).is_err());
    }
    let gone = asked(&Value::Null, &json!({"operation": "DELETE"}));
    assert_eq!(answered(&gone, true).1, "no_pod");
}

/// Only where a profile says that keys are mounted is anybody asked for them; what nobody knows is said of the owner.
#[test]
fn keys_are_looked_up_for_those_that_mount_them() {
    let mounts = |_: &str, _: &str| -> Option<outrigger_inject::SidecarProfileSpec> {
        Some(serde_json::from_value(json!({"bootstrapSecrets": "Mount"})).unwrap())
    };
    let read = |pod: &Value| Review::read(asked(pod, &json!({})).to_string().as_bytes(), true).ok().unwrap();
    let plain = read(&pod(&json!({"containers": [{"name": "a"}]})));
    assert!(plain.asks_for_secrets(&settings(), &|_, _| None).is_none());
    assert_eq!(plain.asks_for_secrets(&settings(), &mounts).unwrap().0, "shop");
    assert!(read(&Value::Null).asks_for_secrets(&settings(), &mounts).is_none());
    let secrets = Secrets::Unknown("nobody looked".to_owned());
    let reviewed = super::answer(&plain, &settings(), &mounts, &secrets).ok().unwrap();
    assert_eq!((reviewed.code, reviewed.said[0].reason.as_str()), ("injected", "BootstrapSecretsUnknown"));
    assert_eq!(reviewed.said[0].about.kind.as_deref(), Some("ReplicaSet"));
}
