//! The calls that write a status.

use std::time::Duration;

use kube_client::{
    Api, Client,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject},
};
use outrigger_compile::{Kind, ObjectRef};
use outrigger_crd::{ModelPolicy, ModelProvider, ModelRoute};
use serde_json::{Value, json};

use super::{board::Job, schedule::Outcome};
use crate::Observed;

/// Whose fields these are to the API server.
const MANAGER: &str = "outrigger.dev/status";
/// How long a call may take: less than another replica has to wait before it writes.
const CALL: Duration = Duration::from_secs(4);

/// The kind as the API server knows it; `None` for one that is not ours.
pub(crate) fn resource(kind: Kind) -> Option<ApiResource> {
    match kind {
        Kind::ModelProvider => Some(ApiResource::erase::<ModelProvider>(&())),
        Kind::ModelRoute => Some(ApiResource::erase::<ModelRoute>(&())),
        Kind::ModelPolicy => Some(ApiResource::erase::<ModelPolicy>(&())),
        Kind::Secret | Kind::ConfigMap | Kind::Namespace => None,
    }
}

/// Does `job`: what became of it, and what the API has since.
pub(crate) async fn run(client: Client, job: &Job) -> (Outcome, Option<Observed>) {
    let Job { object, uid, before: _, status } = job;
    let ObjectRef { kind, namespace, name } = object;
    let Some(resource) = resource(*kind) else { return (Outcome::Gone, None) };
    let api = Api::<DynamicObject>::namespaced_with(client, namespace, &resource);
    // With the uid: another object of this name is a conflict, not a place to write.
    let body = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name, "namespace": namespace, "uid": uid},
        "status": status,
    });
    let params = PatchParams::apply(MANAGER).force();
    let failed = match tokio::time::timeout(CALL, api.patch_status(name, &params, &Patch::Apply(body))).await {
        Ok(Ok(written)) => return (Outcome::Written, Some(observed(object, written))),
        // Deleted meanwhile, or made anew.
        Ok(Err(kube_client::Error::Api(status))) if matches!(status.code, 404 | 409) => return (Outcome::Gone, None),
        // A schema that does not know what is written is answered with 500, as an API server in trouble is.
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the API server does not answer".to_owned(),
    };
    tracing::warn!(code = "status_not_written", %object, "{failed}; it is tried again");
    (Outcome::Failed, None)
}

fn observed(object: &ObjectRef, written: DynamicObject) -> Observed {
    let DynamicObject { types: _, metadata, mut data } = written;
    let status = data.get_mut("status").map(Value::take).and_then(|status| serde_json::from_value(status).ok());
    Observed {
        object: object.clone(),
        uid: metadata.uid.unwrap_or_default(),
        generation: metadata.generation.unwrap_or_default(),
        version: metadata.resource_version.unwrap_or_default(),
        manager: String::new(),
        status: status.unwrap_or_default(),
    }
}
