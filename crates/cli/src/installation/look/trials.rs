//! What the API server would do with an object, without keeping it: its webhooks are asked as they are about any other.

use serde_json::{Value, json};

use super::{
    super::{
        found::{CONTROL_PLANE, Found, Seen},
        judge::WHERE,
    },
    ask::Ask,
};

const DRY: &str = "--dry-run=server";
/// What it is called: nobody keeps it, and whoever reads audit logs should know what it was.
const NAME: &str = "outrigger-check";

/// A pod that asks for a sidecar and has one of its own: it meets the strictest of the Pod Security Standards.
pub(super) fn pod(ask: &Ask<'_>) -> Seen<Value> {
    let container = |name: &str| {
        json!({
            "name": name,
            "image": "registry.invalid/nobody-runs-this",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
        })
    };
    let mut native = container("native");
    if let Some(native) = native.as_object_mut() {
        native.insert("restartPolicy".to_owned(), json!("Always"));
    }
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": WHERE, "labels": {outrigger_inject::INJECT: outrigger_inject::ENABLED}},
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [native],
            "containers": [container("app")],
        },
    });
    match ask.create(&[DRY], &[pod]) {
        Ok((mut made, _)) => made.pop().map_or(Seen::Missing, Seen::There),
        Err(why) => Seen::Unknown(why),
    }
}

/// A route that names no model: whoever is asked about policy has something to say of it. In the installation's namespace,
/// whose policy always counts.
pub(super) fn route(ask: &Ask<'_>, found: &Found) -> Seen<String> {
    let kinds = found.kinds.get("modelroutes.outrigger.dev").and_then(Seen::there);
    if kinds.is_none() || found.argument(CONTROL_PLANE, "--webhook-listen=").is_none() {
        return Seen::Missing;
    }
    let route = json!({
        "apiVersion": format!("{}/{}", outrigger_crd::GROUP, outrigger_crd::VERSION),
        "kind": "ModelRoute",
        "metadata": {"name": NAME, "namespace": found.system},
        "spec": {"targets": [{"model": "openai/gpt-4o-mimi"}]},
    });
    match ask.create(&[DRY], &[route]) {
        Ok((_, warnings)) => Seen::There(warnings),
        Err(why) => Seen::Unknown(why),
    }
}
