//! Keys that are mounted for a start without a control plane.

use serde_json::{Value, json};

use super::{Case, plain, pod, sidecar, variables};
use crate::{SecretKey, Secrets, keys::MOST};

fn key(secret: &str, key: &str) -> SecretKey {
    SecretKey { secret: secret.to_owned(), key: key.to_owned() }
}

fn known(keys: Vec<SecretKey>) -> Secrets {
    Secrets::Known { keys, beyond: 0 }
}

fn mounting(case: Case, secrets: Secrets) -> Case {
    Case { secrets, ..case.with("shop", "default", "{bootstrapSecrets: Mount}") }
}

fn volume(pod: &Value) -> Option<&Value> {
    pod["spec"]["volumes"].as_array().unwrap().iter().find(|it| it["name"] == "outrigger-keys")
}

/// Every container that mounts them.
fn who_mounts(pod: &Value) -> Vec<&str> {
    let all = ["initContainers", "containers"]
        .into_iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten());
    let mounts =
        |it: &&Value| it["volumeMounts"].as_array().into_iter().flatten().any(|it| it["name"] == "outrigger-keys");
    all.filter(mounts).map(|it| it["name"].as_str().unwrap()).collect()
}

/// Without the word for it nothing is mounted, whatever the pod's policy uses.
#[test]
fn no_key_is_mounted_unless_a_profile_says_so() {
    for profile in ["{}", "{bootstrapSecrets: None}"] {
        let case = plain("", "").with("outrigger-system", "default", "{bootstrapSecrets: Mount}");
        let case = Case { secrets: known(vec![key("a", "k")]), ..case.with("shop", "default", profile) };
        let (after, notes) = case.injected();
        assert_eq!(volume(&after).is_some(), profile == "{}", "the narrower word counts");
        assert_eq!(notes, Vec::<String>::new());
    }
    let (after, _) = Case { secrets: known(vec![key("a", "k")]), ..plain("", "") }.injected();
    assert!(volume(&after).is_none() && !after.to_string().contains("BOOTSTRAP_SECRETS"));
}

/// The keys that policy uses, each entry by itself, into the sidecar alone; and no Secret keeps a pod waiting.
#[test]
fn keys_are_mounted_into_the_sidecar_alone() {
    let case =
        pod("{metadata: {}, spec: {initContainers: [{name: migrate, image: m}], containers: [{name: app, image: a}]}}");
    let keys = vec![key("openai", "main"), key("mistral", "key"), key("openai", "spare"), key("openai", "main")];
    let (after, notes) = mounting(case, known(keys)).injected();
    assert_eq!(
        volume(&after).unwrap()["projected"],
        json!({"defaultMode": 0o444, "sources": [
            {"secret": {"name": "mistral", "optional": true, "items": [{"key": "key", "path": "mistral/key"}]}},
            {"secret": {"name": "openai", "optional": true, "items": [
                {"key": "main", "path": "openai/main"}, {"key": "spare", "path": "openai/spare"},
            ]}},
        ]})
    );
    assert_eq!(who_mounts(&after), ["outrigger"]);
    let mounts = sidecar(&after)["volumeMounts"].as_array().unwrap();
    assert_eq!(
        *mounts.last().unwrap(),
        json!({"name": "outrigger-keys", "mountPath": "/var/run/outrigger-keys", "readOnly": true})
    );
    let told = "OUTRIGGER_BOOTSTRAP_SECRETS=/var/run/outrigger-keys";
    assert!(variables(sidecar(&after)).iter().any(|it| it == told));
    assert_eq!(notes, Vec::<String>::new());
}

/// As many as may be, and not one more; those beyond are told, and the pod has its sidecar.
#[test]
fn keys_are_bounded_and_those_beyond_are_told() {
    let all = |count: usize, beyond: usize| {
        let keys = (0..count).map(|at| key(&format!("s{at}"), "key")).collect();
        let (after, notes) = mounting(plain("", ""), Secrets::Known { keys, beyond }).injected();
        (volume(&after).unwrap()["projected"]["sources"].as_array().unwrap().len(), notes.concat())
    };
    assert_eq!(all(MOST, 0), (MOST, String::new()));
    let left_out = |count: usize| {
        format!(
            "BootstrapSecretsLeftOut: 32 keys of the pod's policy are mounted into the sidecar, as many as may be, and {count} \
             are not: those come with the control plane alone"
        )
    };
    assert_eq!(all(MOST + 1, 0), (MOST, left_out(1)));
    assert_eq!(all(MOST, 2), (MOST, left_out(2)));
}

/// What nobody knows is told, and is no reason to refuse a pod; where policy uses no key there is nothing to tell.
#[test]
fn a_pod_starts_whether_keys_are_known_or_not() {
    let (after, notes) = mounting(plain("", ""), Secrets::Unknown("the API server did not say".to_owned())).injected();
    assert!(volume(&after).is_none() && who_mounts(&after).is_empty());
    assert_eq!(
        notes,
        [
            "BootstrapSecretsUnknown: no key is mounted into the sidecar, though the profile says bootstrapSecrets: Mount: the API \
          server did not say"
        ]
    );
    let (after, notes) = mounting(plain("", ""), known(Vec::new())).injected();
    assert_eq!((volume(&after), notes.len()), (None, 0));
}

/// Whoever has to look is told beforehand who asks.
#[test]
fn only_who_mounts_asks_for_keys() {
    let asks = |case: &Case| case.ask(|ask| crate::asks_for_secrets(ask, &super::settings()));
    assert!(!asks(&plain("", "")));
    assert!(asks(&mounting(plain("", ""), known(Vec::new()))));
    // One that gets no sidecar mounts nothing.
    assert!(!asks(&mounting(plain("", "hostNetwork: true"), known(Vec::new()))));
    assert!(!asks(&mounting(plain("labels: {outrigger.dev/inject: disabled}", ""), known(Vec::new()))));
}

/// A container that names a volume of ours would have it as soon as it is there: keys, and what the sidecar remembers.
#[test]
fn a_container_that_mounts_a_volume_of_ours_gets_no_sidecar() {
    for volume in ["outrigger-keys", "outrigger-state", "outrigger"] {
        let mount = format!("volumeMounts: [{{name: {volume}, mountPath: /x}}]");
        for spec in [
            format!("{{containers: [{{name: app, image: a, {mount}}}]}}"),
            format!("{{initContainers: [{{name: first, image: a, {mount}}}], containers: [{{name: app, image: a}}]}}"),
            format!("{{containers: [{{name: app, image: a, volumeDevices: [{{name: {volume}, devicePath: /x}}]}}]}}"),
        ] {
            assert_eq!(pod(&format!("{{metadata: {{}}, spec: {spec}}}")).skipped(), "name_taken", "{spec}");
        }
    }
    assert_eq!(plain("", "volumes: [{name: outrigger-keys, emptyDir: {}}]").skipped(), "name_taken");
    let other = "{metadata: {}, spec: {containers: [{name: app, image: a, volumeMounts: [{name: v, mountPath: /x}]}], volumes: [{name: v, emptyDir: {}}]}}";
    assert_eq!(pod(other).skipped(), "injected");
}
