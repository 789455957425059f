//! An `AdmissionReview` as an edit, and the answer to it: pure. The answer is always that it is allowed.

use outrigger_compile::{Kind, ObjectRef, manifest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::outlook::Edit;

/// The version that is spoken.
const VERSION: &str = "admission.k8s.io/v1";
/// Longest `uid` that is given back.
const UID: usize = 256;

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    /// Given back with the answer.
    pub(super) uid: String,
    /// What would be done; `None`: nothing that concerns policy.
    pub(super) asked: Option<Asked>,
}

/// An edit of one object.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) object: ObjectRef,
    pub(super) edit: Edit,
    /// Nothing comes of it.
    pub(super) dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review {
    api_version: String,
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    uid: String,
    kind: Named,
    #[serde(default)]
    sub_resource: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    operation: String,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    old_object: Value,
    #[serde(default)]
    dry_run: Option<bool>,
}

#[derive(Deserialize)]
struct Named {
    kind: String,
}

/// Which review it is, however little else can be made of it.
pub(super) fn uid(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Only {
        request: Uid,
    }
    #[derive(Deserialize)]
    struct Uid {
        uid: String,
    }
    serde_json::from_slice(body).ok().map(|Only { request: Uid { uid } }| uid).filter(|it| it.len() <= UID)
}

/// Reads a question.
///
/// # Errors
///
/// If it is none; without a word of what stands in it.
pub(super) fn read(body: &[u8]) -> Result<Question, &'static str> {
    let Ok(Review { api_version, request }) = serde_json::from_slice(body) else {
        return Err("this is no AdmissionReview with a request");
    };
    if api_version != VERSION {
        return Err("only admission.k8s.io/v1 is spoken here");
    }
    if request.uid.is_empty() || request.uid.len() > UID {
        return Err("request.uid is empty or too long");
    }
    let uid = request.uid.clone();
    Ok(Question { uid, asked: asked(request) })
}

fn asked(request: Request) -> Option<Asked> {
    let Request { uid: _, kind, sub_resource, name, namespace, operation, object, old_object, dry_run } = request;
    let kinds = [Kind::ModelProvider, Kind::ModelRoute, Kind::ModelPolicy];
    // A kind that came later means nothing here yet.
    let kind = kinds.into_iter().find(|it| it.as_str() == kind.kind)?;
    // A status says nothing of what is meant.
    if !sub_resource.is_empty() {
        return None;
    }
    let dry_run = dry_run.unwrap_or_default();
    if operation == "DELETE" {
        let old = |field: &str| old_object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let name = if name.is_empty() { old("name") } else { name };
        let object = ObjectRef { kind, namespace, name };
        return Some(Asked { edit: Edit { removed: vec![object.clone()], ..Edit::default() }, object, dry_run });
    }
    let put = manifest::object(bare(object, &namespace)?);
    let object = match &put {
        Ok(object) => object.reference(),
        Err(unread) => unread.object.clone(),
    };
    Some(Asked { object, edit: Edit { put: vec![put], ..Edit::default() }, dry_run })
}

/// What of an object matters: neither its status nor what changes at every write.
pub(crate) fn bare(mut object: Value, namespace: &str) -> Option<Value> {
    let map = object.as_object_mut()?;
    map.remove("status");
    let metadata = map.get_mut("metadata")?.as_object_mut()?;
    metadata
        .retain(|key, _| ["name", "namespace", "uid", "generation", "creationTimestamp", "labels"].contains(&&**key));
    if !namespace.is_empty() {
        metadata.entry("namespace").or_insert_with(|| namespace.into());
    }
    Some(object)
}

/// The answer: allowed, with these warnings.
pub(super) fn allowed(uid: &str, warnings: &[String]) -> Value {
    let mut response = json!({"uid": uid, "allowed": true});
    if !warnings.is_empty() {
        response["warnings"] = warnings.into();
    }
    json!({"apiVersion": VERSION, "kind": "AdmissionReview", "response": response})
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn review(request: Value) -> Value {
        json!({"apiVersion": VERSION, "kind": "AdmissionReview", "request": request})
    }

    fn route() -> Value {
        json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelRoute",
            "metadata": {"name": "r", "namespace": "a", "managedFields": [{"manager": "kubectl"}]},
            "spec": {"targets": [{"model": "m"}]}, "status": {"conditions": 7}})
    }

    fn of(request: Value) -> Result<Question, &'static str> {
        read(review(request).to_string().as_bytes())
    }

    #[test]
    fn an_edit_is_read() {
        let kind = json!({"group": "outrigger.dev", "version": "v1alpha1", "kind": "ModelRoute"});
        for operation in ["CREATE", "UPDATE"] {
            let question =
                of(json!({"uid": "1", "kind": kind, "operation": operation, "namespace": "a", "object": route()}));
            let asked = question.unwrap().asked.unwrap();
            assert_eq!((asked.object.to_string().as_str(), asked.dry_run), ("ModelRoute a/r", false));
            assert!(asked.edit.put[0].is_ok(), "{:?}", asked.edit);
        }
        let old = json!({"metadata": {"name": "r"}});
        let gone = json!({"uid": "1", "kind": kind, "operation": "DELETE", "namespace": "a", "object": null,
            "oldObject": old, "dryRun": true});
        let asked = of(gone).unwrap().asked.unwrap();
        assert_eq!((asked.edit.removed[0].to_string().as_str(), asked.dry_run), ("ModelRoute a/r", true));
    }

    #[test]
    fn what_is_no_policy_is_nothing() {
        let pod = json!({"uid": "1", "kind": {"kind": "Pod"}, "operation": "CREATE", "object": {}});
        assert!(of(pod).unwrap().asked.is_none());
        let status = json!({"uid": "1", "kind": {"kind": "ModelRoute"}, "subResource": "status", "operation": "UPDATE",
            "object": route()});
        assert!(of(status).unwrap().asked.is_none());
        let nothing = json!({"uid": "1", "kind": {"kind": "ModelRoute"}, "operation": "CREATE", "object": null});
        assert!(of(nothing).unwrap().asked.is_none());
        let long = json!({"uid": "u".repeat(UID + 1), "kind": {"kind": "ModelRoute"}, "operation": "CREATE"});
        assert!(of(long).is_err() && of(json!({})).is_err() && read(b"sk-secret").is_err());
        assert!(read(json!({"apiVersion": "admission.k8s.io/v1beta1", "request": {}}).to_string().as_bytes()).is_err());
    }

    #[test]
    fn which_review_it_is_can_be_read_of_what_means_nothing() {
        assert_eq!(uid(br#"{"request": {"uid": "7", "kind": 7}}"#).as_deref(), Some("7"));
        assert_eq!(uid(b"{}"), None);
    }

    #[test]
    fn it_is_always_allowed() {
        assert_eq!(allowed("7", &[])["response"], json!({"uid": "7", "allowed": true}));
        assert_eq!(allowed("7", &["a".to_owned()])["response"]["warnings"], json!(["a"]));
    }
}
