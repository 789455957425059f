//! What an API server has, as an object of ours.

use k8s_openapi::{
    api::core::v1::Namespace,
    apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta},
};
use kube_core::{DynamicObject, PartialObjectMeta};
use outrigger_compile::{
    Kind, ObjectRef, Unreadable,
    manifest::{self, Object},
};
use outrigger_crd::Status;
use serde_json::Value;

/// An object of one of our kinds, and what was said of it last. Its `status` stands apart: what is said of an object does not
/// change what it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// What it means, or why that is not known.
    pub(crate) object: Result<Object, Unreadable>,
    pub(crate) uid: String,
    pub(crate) generation: i64,
    /// `metadata.resourceVersion`.
    pub(crate) version: String,
    /// The field manager that wrote it last.
    pub(crate) manager: String,
    pub(crate) status: Status,
}

impl Item {
    /// Reads what is watched as objects of `kind`, however wrong it is.
    pub(crate) fn of(kind: Kind, found: DynamicObject) -> (ObjectRef, Self) {
        let DynamicObject { types, metadata, mut data } = found;
        let name = ObjectRef::new(kind, &metadata);
        let (uid, generation) = (metadata.uid.clone().unwrap_or_default(), metadata.generation.unwrap_or_default());
        let version = metadata.resource_version.clone().unwrap_or_default();
        let manager = last_writer(metadata.managed_fields.as_deref().unwrap_or_default());
        let status = data.as_object_mut().and_then(|data| data.remove("status"));
        let status = status.and_then(|status| serde_json::from_value(status).ok()).unwrap_or_default();
        let metadata = serde_json::to_value(bare(metadata));
        if let (Some(data), Ok(metadata)) = (data.as_object_mut(), metadata) {
            let types = types.unwrap_or_default();
            data.insert("apiVersion".to_owned(), Value::String(types.api_version));
            data.insert("kind".to_owned(), Value::String(types.kind));
            data.insert("metadata".to_owned(), metadata);
        }
        let object = manifest::object(data).map_err(|unread| Unreadable { object: name.clone(), ..unread });
        (name, Self { object, uid, generation, version, manager, status })
    }
}

/// Most bytes of a field manager's name: an API server takes 128.
const MANAGER: usize = 128;

/// The field manager that wrote it last. Who wrote a `status` said nothing of policy.
fn last_writer(entries: &[ManagedFieldsEntry]) -> String {
    let own = |entry: &&ManagedFieldsEntry| entry.subresource.as_deref().unwrap_or_default().is_empty();
    let last = entries.iter().filter(own).max_by(|left, right| left.time.cmp(&right.time));
    let mut manager = last.and_then(|entry| entry.manager.clone()).unwrap_or_default();
    manager.truncate(manager.floor_char_boundary(MANAGER));
    manager
}

/// What of it matters: neither what changes at every write nor what may be large.
fn bare(metadata: ObjectMeta) -> ObjectMeta {
    let ObjectMeta { name, namespace, uid, generation, creation_timestamp, .. } = metadata;
    ObjectMeta { name, namespace, uid, generation, creation_timestamp, ..ObjectMeta::default() }
}

/// A namespace: its labels.
pub(crate) fn namespace(
    found: PartialObjectMeta<Namespace>,
) -> (ObjectRef, std::collections::BTreeMap<String, String>) {
    let name = found.metadata.name.unwrap_or_default();
    let object = ObjectRef { kind: Kind::Namespace, namespace: String::new(), name };
    (object, found.metadata.labels.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(value: Value) -> (ObjectRef, Item) {
        Item::of(Kind::ModelRoute, serde_json::from_value(value).unwrap())
    }

    fn route(spec: Value, status: Value) -> Value {
        json!({
            "apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelRoute",
            "metadata": {"name": "r", "namespace": "a", "generation": 3, "uid": "u", "resourceVersion": "17",
                "managedFields": [{"manager": "kubectl"}]},
            "spec": spec, "status": status,
        })
    }

    #[test]
    fn what_was_said_of_an_object_is_no_part_of_it() {
        let conditions = json!({"conditions": [{"type": "Accepted", "status": "True", "reason": "Accepted",
            "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
        let (name, first) = item(route(json!({"targets": [{"model": "m"}]}), json!({})));
        let (_, second) = item(route(json!({"targets": [{"model": "m"}]}), conditions));
        assert_eq!((name.to_string().as_str(), first.generation, &*first.uid), ("ModelRoute a/r", 3, "u"));
        assert_eq!(first.object, second.object);
        assert_eq!(second.status.conditions.len(), 1);
    }

    /// Who says what became of an object is not who edited it.
    #[test]
    fn the_last_writer_is_of_the_object_and_not_of_its_status() {
        let entry = |manager: &str, time: &str, subresource: &str| json!({"manager": manager, "operation": "Update", "time": time, "subresource": subresource});
        let entries = [
            entry("helm", "2026-11-01T00:00:00Z", ""),
            entry("kubectl-edit", "2026-11-03T00:00:00Z", ""),
            entry("outrigger", "2026-11-05T00:00:00Z", "status"),
            entry("argocd", "2026-11-02T00:00:00Z", ""),
        ];
        let mut written = route(json!({"targets": [{"model": "m"}]}), json!({}));
        assert_eq!(item(written.clone()).1.manager, "kubectl");
        written["metadata"]["managedFields"] = json!(entries);
        assert_eq!(item(written.clone()).1.manager, "kubectl-edit");
        written["metadata"]["managedFields"] = json!([]);
        assert_eq!(item(written).1.manager, "");
    }

    /// R-CFG-10: an object that cannot be read is one of its own, and holds its names.
    #[test]
    fn a_bad_object_is_known_by_name() {
        let (name, bad) = item(route(json!({"targets": 1, "aliases": ["fast"]}), json!(7)));
        let unread = bad.object.unwrap_err();
        assert_eq!((unread.object, unread.aliases), (name, vec!["fast".to_owned()]));
        assert!(unread.reason.contains("spec.targets"), "{}", unread.reason);
        let (_, newer) = item(route(json!({"targets": [{"model": "m"}], "fromTomorrow": 1}), json!({})));
        assert!(newer.object.unwrap_err().reason.contains("fromTomorrow"));
    }
}
