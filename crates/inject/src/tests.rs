//! Pods in, pods out.

mod containers;
mod keys;
mod overrides;
mod pod;
mod profiles;
mod skips;

use std::collections::BTreeMap;

use outrigger_crd::{SidecarProfileSpec, k8s_openapi::api::core::v1::Pod};
use serde_json::Value;

use crate::{Ask, Injected, Outcome, Secrets, Settings, inject};

fn settings() -> Settings {
    Settings {
        image: "outrigger-sidecar:1".to_owned(),
        pull_policy: None,
        control_plane: "https://outrigger-control-plane.outrigger-system.svc:4119".to_owned(),
        ledger: None,
        tracing: None,
        genai_metrics: false,
        system_namespace: "outrigger-system".to_owned(),
    }
}

fn nobody_knows() -> Secrets {
    Secrets::Unknown("nobody has looked".to_owned())
}

/// A pod of namespace `shop`, which says `enabled`.
struct Case {
    pod: Value,
    profiles: BTreeMap<(String, String), SidecarProfileSpec>,
    secrets: Secrets,
}

fn pod(yaml: &str) -> Case {
    Case { pod: serde_saphyr::from_str(yaml).unwrap(), profiles: BTreeMap::new(), secrets: nobody_knows() }
}

/// One container `app`, with more of the pod's metadata and spec.
fn plain(metadata: &str, spec: &str) -> Case {
    pod(&format!("{{metadata: {{{metadata}}}, spec: {{containers: [{{name: app, image: a}}], {spec}}}}}"))
}

impl Case {
    fn with(mut self, namespace: &str, name: &str, spec: &str) -> Self {
        self.profiles.insert((namespace.into(), name.into()), serde_saphyr::from_str(spec).unwrap());
        self
    }

    fn outcome(&self) -> Outcome {
        self.outcome_of(&settings())
    }

    fn outcome_of(&self, settings: &Settings) -> Outcome {
        self.ask(|ask| inject(ask, settings))
    }

    fn ask<T>(&self, then: impl FnOnce(Ask<'_>) -> T) -> T {
        let typed: Pod = serde_json::from_value(self.pod.clone()).unwrap();
        let profiles = |namespace: &str, name: &str| self.profiles.get(&(namespace.into(), name.into())).cloned();
        let (namespace_says, secrets) = (Some("enabled"), &self.secrets);
        then(Ask { pod: &typed, namespace: "shop", namespace_says, profiles: &profiles, secrets })
    }

    /// The pod that comes of it, and what is said.
    fn injected(&self) -> (Value, Vec<String>) {
        self.injected_with(&settings())
    }

    fn injected_with(&self, settings: &Settings) -> (Value, Vec<String>) {
        match self.outcome_of(settings) {
            Outcome::Injected(Injected { patch, notes }) => {
                let mut after = self.pod.clone();
                json_patch::patch(&mut after, &patch).unwrap();
                (after, notes.into_iter().map(|note| format!("{}: {}", note.reason, note.text)).collect())
            }
            Outcome::Skipped(skip) => panic!("{skip}"),
        }
    }

    fn skipped(&self) -> &'static str {
        match self.outcome() {
            Outcome::Injected(_) => "injected",
            Outcome::Skipped(skip) => skip.code(),
        }
    }
}

/// The sidecar of a pod.
fn sidecar(pod: &Value) -> &Value {
    &pod["spec"]["initContainers"][0]
}

/// The variables of a container as `NAME=value`.
fn variables(container: &Value) -> Vec<String> {
    let all = container["env"].as_array().into_iter().flatten();
    all.map(|it| format!("{}={}", it["name"].as_str().unwrap(), it["value"].as_str().unwrap_or("?"))).collect()
}
