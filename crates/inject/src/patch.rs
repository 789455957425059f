//! The change as a JSON patch (RFC 6902): it adds, and takes nothing away.

use json_patch::{AddOperation, Patch, PatchOperation, jsonptr::PointerBuf};
use outrigger_crd::k8s_openapi::api::core::v1::{Container, Pod};
use serde_json::{Value, json};

use crate::{
    SecretKey, Settings,
    names::{INJECTED, STATUS},
    note::Note,
    plan::Plan,
    sidecar::{container, volumes},
    variables::{Wanted, variables},
};

/// What makes of `pod` one with a sidecar, and of these `keys` what is mounted into it.
pub(crate) fn patch(
    pod: &Pod,
    settings: &Settings,
    plan: &Plan,
    keys: &[SecretKey],
    wanted: &Wanted<'_>,
    notes: &mut Vec<Note>,
) -> Patch {
    let mut adds = Adds(Vec::new());
    let Some(spec) = &pod.spec else { return Patch(Vec::new()) };
    let init = spec.init_containers.as_deref().unwrap_or_default();
    // First those that are there, under the numbers that they have.
    for (list, containers) in [("initContainers", init), ("containers", &spec.containers)] {
        for (at, container) in containers.iter().enumerate() {
            adds.environment(list, at, container, variables(container, wanted, notes));
        }
    }
    // First of all of them: the others may call models.
    match init.is_empty() {
        true => adds.add(&["spec", "initContainers"], json!([container(settings, plan, keys)])),
        false => adds.add(&["spec", "initContainers", "0"], container(settings, plan, keys)),
    }
    match spec.volumes.as_ref().is_none_or(Vec::is_empty) {
        true => adds.add(&["spec", "volumes"], Value::Array(volumes(settings, keys))),
        false => volumes(settings, keys).into_iter().for_each(|volume| adds.add(&["spec", "volumes", "-"], volume)),
    }
    match pod.metadata.annotations.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
        true => adds.add(&["metadata", "annotations"], json!({STATUS: INJECTED})),
        false => adds.add(&["metadata", "annotations", STATUS], json!(INJECTED)),
    }
    Patch(adds.0)
}

struct Adds(Vec<PatchOperation>);

impl Adds {
    fn add(&mut self, path: &[&str], value: Value) {
        self.0.push(PatchOperation::Add(AddOperation { path: PointerBuf::from_tokens(path.iter().copied()), value }));
    }

    fn environment(&mut self, list: &str, at: usize, container: &Container, added: Vec<Value>) {
        let at = at.to_string();
        if added.is_empty() {
        } else if container.env.as_ref().is_none_or(Vec::is_empty) {
            self.add(&["spec", list, &at, "env"], Value::Array(added));
        } else {
            added.into_iter().for_each(|variable| self.add(&["spec", list, &at, "env", "-"], variable));
        }
    }
}
