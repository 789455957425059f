//! The CustomResourceDefinitions, printed from the Rust types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use crate::{ModelPolicy, ModelProvider, ModelRoute, SidecarProfile, status::pending};

/// Every kind, in the order of the documentation.
pub fn all() -> Vec<CustomResourceDefinition> {
    let refers = ["Accepted", "ResolvedRefs", "Programmed"];
    vec![
        finished(ModelProvider::crd(), &refers),
        finished(ModelRoute::crd(), &refers),
        finished(ModelPolicy::crd(), &["Accepted", "Programmed"]),
        finished(SidecarProfile::crd(), &[]),
    ]
}

/// One multi-document YAML of `definitions`, as `kubectl apply -f` takes it.
///
/// # Errors
///
/// Never for what [`all`] returns; a test prints it.
pub fn to_yaml(definitions: &[CustomResourceDefinition]) -> Result<String, serde_saphyr::SerializeError> {
    let mut yaml = String::new();
    for definition in definitions {
        yaml.push_str("---\n");
        yaml.push_str(serde_saphyr::to_string(definition)?.trim_end());
        yaml.push('\n');
    }
    Ok(yaml)
}

/// With what no attribute of a field can say: no number formats of Rust (`uint16`), about each of which the API server
/// warns; descriptions without the line breaks of our source, since `kubectl explain` breaks lines itself; and the
/// conditions that an object has before anybody looked at it.
fn finished(definition: CustomResourceDefinition, conditions: &[&str]) -> CustomResourceDefinition {
    let Ok(mut value) = serde_json::to_value(&definition) else { return definition };
    plain(&mut value);
    if let Some(status) = value.pointer_mut("/spec/versions/0/schema/openAPIV3Schema/properties/status")
        && let Some(status) = status.as_object_mut()
    {
        // A null status would stay null: it is taken away, and then filled in, only where it may not be one.
        status.remove("nullable");
        status.insert("default".to_owned(), pending(conditions));
    }
    serde_json::from_value(value).unwrap_or(definition)
}

fn plain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
                map.remove("format");
            }
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.split("\n\n").map(|part| part.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
            }
            map.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}
