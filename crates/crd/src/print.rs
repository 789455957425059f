//! The CustomResourceDefinitions, printed from the Rust types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use crate::{ModelPolicy, ModelProvider, ModelRoute};

/// Every kind, in the order of the documentation.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![plain(ModelProvider::crd()), plain(ModelRoute::crd()), plain(ModelPolicy::crd())]
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

/// Takes out the number formats of Rust (`uint16`): the API server warns about each one it does not know.
fn plain(definition: CustomResourceDefinition) -> CustomResourceDefinition {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                if map.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
                    map.remove("format");
                }
                map.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::to_value(&definition) else { return definition };
    strip(&mut value);
    serde_json::from_value(value).unwrap_or(definition)
}
