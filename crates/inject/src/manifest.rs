//! The same on a file: objects that hold a pod, or the template of one.

use outrigger_crd::told;
use serde_json::{Value, json};

use crate::{Ask, ENABLED, Injected, Note, Outcome, Profiles, Secrets, Settings, Skip, inject};

/// Where the pod's own part is, by kind.
const PLACES: [(&str, &str); 8] = [
    ("Pod", ""),
    ("Deployment", "/spec/template"),
    ("StatefulSet", "/spec/template"),
    ("DaemonSet", "/spec/template"),
    ("ReplicaSet", "/spec/template"),
    ("ReplicationController", "/spec/template"),
    ("Job", "/spec/template"),
    ("CronJob", "/spec/jobTemplate/spec/template"),
];

/// Why no key is mounted.
const NO_POLICY: &str =
    "which keys a pod's policy uses is known in the cluster alone; leave the sidecar of such pods to the injector";

/// What became of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Became {
    /// It makes no pods, or none that can be read: it is left as it is.
    Other,
    /// Its pods have a sidecar now; and what their people should know.
    Injected(Vec<Note>),
    /// It is left as it is, for this reason.
    Skipped(Skip),
}

/// Puts a sidecar into the pods that `object` makes, as if the label of `namespace` said so. What the object itself says of
/// its namespace counts before that. No key is mounted, whatever a profile says: a file does not say which.
///
/// # Errors
///
/// If its pod is none.
pub fn object(
    object: &mut Value,
    namespace: &str,
    settings: &Settings,
    profiles: Profiles<'_>,
) -> Result<Became, told::Unread> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let Some((_, place)) = PLACES.iter().find(|(known, _)| *known == kind) else { return Ok(Became::Other) };
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or(namespace).to_owned();
    let Some(pod) = object.pointer_mut(place).filter(|pod| pod.is_object()) else { return Ok(Became::Other) };
    if pod["metadata"].is_null() {
        pod["metadata"] = json!({});
    }
    let typed = told::read(pod.clone())?;
    let secrets = Secrets::Unknown(NO_POLICY.to_owned());
    let ask = Ask { pod: &typed, namespace: &namespace, namespace_says: Some(ENABLED), profiles, secrets: &secrets };
    match inject(ask, settings) {
        Outcome::Injected(Injected { patch, notes }) => {
            // It adds to what is there, and all of it was just read.
            if json_patch::patch(pod, &patch).is_err() {
                return Ok(Became::Other);
            }
            Ok(Became::Injected(notes))
        }
        Outcome::Skipped(skip) => Ok(Became::Skipped(skip)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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

    fn became(yaml: &str) -> (Became, Value) {
        let mut value: Value = serde_saphyr::from_str(yaml).unwrap();
        let became = object(&mut value, "shop", &settings(), &|_, _| None).unwrap();
        (became, value)
    }

    #[test]
    fn whatever_makes_pods_makes_them_with_a_sidecar() {
        for (kind, spec, place) in [
            ("Pod", "{containers: [{name: a}]}", "/spec"),
            ("Deployment", "{template: {spec: {containers: [{name: a}]}}}", "/spec/template/spec"),
            ("Job", "{template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a}]}}}", "/spec/template/spec"),
            (
                "CronJob",
                "{jobTemplate: {spec: {template: {spec: {containers: [{name: a}]}}}}}",
                "/spec/jobTemplate/spec/template/spec",
            ),
        ] {
            let (became, object) = became(&format!("{{kind: {kind}, metadata: {{name: x}}, spec: {spec}}}"));
            assert_eq!(became, Became::Injected(Vec::new()), "{kind}");
            assert_eq!(object.pointer(place).unwrap()["initContainers"][0]["name"], "outrigger", "{kind}");
        }
    }

    /// What a file cannot know is told, and not made up.
    #[test]
    fn no_key_is_mounted_by_a_file() {
        let mut pod = json!({"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}});
        let mounts = |_: &str, _: &str| {
            let secrets = Some(outrigger_crd::profile::BootstrapSecrets::Mount);
            Some(crate::SidecarProfileSpec { bootstrap_secrets: secrets, ..Default::default() })
        };
        let Became::Injected(notes) = object(&mut pod, "shop", &settings(), &mounts).unwrap() else { panic!("{pod}") };
        assert_eq!((notes.len(), notes[0].reason), (1, "BootstrapSecretsUnknown"));
        assert!(notes[0].text.contains("leave the sidecar of such pods to the injector"), "{}", notes[0].text);
        assert!(!pod.to_string().contains("\"secret\""), "{pod}");
    }

    #[test]
    fn everything_else_stays() {
        for yaml in ["{kind: Service, spec: {}}", "{kind: Deployment, spec: {}}", "{kind: Deployment}"] {
            let before: Value = serde_saphyr::from_str(yaml).unwrap();
            assert_eq!(became(yaml), (Became::Other, before));
        }
        let (became, _) = became("{kind: Pod, metadata: {namespace: kube-system}, spec: {containers: []}}");
        assert_eq!(became, Became::Skipped(Skip::SystemNamespace));
    }

    #[test]
    fn a_pod_that_is_none_is_an_error() {
        let mut value = json!({"kind": "Pod", "spec": {"containers": 7}});
        assert!(object(&mut value, "shop", &settings(), &|_, _| None).is_err());
    }
}
