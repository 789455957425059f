//! The calls that write a status.

use std::time::Duration;

use kube_client::{
    Api, Client,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject},
};
use outrigger_compile::{Kind, ObjectRef};
use outrigger_crd::{ModelPolicy, ModelProvider, ModelRoute, Status};
use serde_json::{Value, json};

use super::{
    board::{Job, Seen, Work},
    schedule::Outcome,
};

/// Whose fields these are to the API server.
const MANAGER: &str = "outrigger.dev/status";
/// How long a call may take: less than another replica has to wait before it writes.
const CALL: Duration = Duration::from_secs(4);

/// What came of a job.
#[derive(Debug)]
pub(crate) enum Done {
    /// What the API has of an object.
    Asked(Seen),
    /// A write has ended.
    Wrote(Outcome, Option<Seen>),
}

/// The kind as the API server knows it; `None` for one that is not ours.
pub(crate) fn resource(kind: Kind) -> Option<ApiResource> {
    match kind {
        Kind::ModelProvider => Some(ApiResource::erase::<ModelProvider>(&())),
        Kind::ModelRoute => Some(ApiResource::erase::<ModelRoute>(&())),
        Kind::ModelPolicy => Some(ApiResource::erase::<ModelPolicy>(&())),
        Kind::Secret | Kind::Namespace => None,
    }
}

/// Does `job`.
pub(crate) async fn run(client: Client, job: &Job) -> Done {
    let ObjectRef { kind, namespace, name } = &job.object;
    let Some(resource) = resource(*kind) else { return Done::Wrote(Outcome::Gone, None) };
    let api = Api::<DynamicObject>::namespaced_with(client, namespace, &resource);
    let asked = async {
        match &job.work {
            Work::Ask => api.get(name).await,
            Work::Write { before: _, status } => {
                let mut metadata = json!({"name": name, "namespace": namespace});
                // Another object of this name is a conflict, not a place to write.
                if let Some(uid) = &job.uid {
                    metadata["uid"] = uid.as_str().into();
                }
                let body = json!({
                    "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "status": status,
                });
                api.patch_status(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(body)).await
            }
        }
    };
    let failed = match (tokio::time::timeout(CALL, asked).await, &job.work) {
        (Ok(Ok(object)), Work::Ask) => return Done::Asked(seen(object)),
        (Ok(Ok(object)), Work::Write { .. }) => return Done::Wrote(Outcome::Written, Some(seen(object))),
        // Deleted meanwhile, or made anew.
        (Ok(Err(kube_client::Error::Api(status))), _) if matches!(status.code, 404 | 409) => {
            return Done::Wrote(Outcome::Gone, None);
        }
        (Ok(Err(error)), _) => error.to_string(),
        (Err(_), _) => "the API server does not answer".to_owned(),
    };
    tracing::warn!(code = "status_not_written", object = %job.object, "{failed}; it is tried again");
    Done::Wrote(Outcome::Failed, None)
}

fn seen(object: DynamicObject) -> Seen {
    let DynamicObject { types: _, metadata, mut data } = object;
    Seen {
        uid: metadata.uid,
        generation: metadata.generation,
        resource_version: metadata.resource_version,
        // One that somebody else has written otherwise is none.
        status: data
            .get_mut("status")
            .map(Value::take)
            .and_then(|status| serde_json::from_value::<Status>(status).ok()),
    }
}
