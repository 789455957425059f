//! What a node would do: run the programs of a release with their accounts, and say that they are ready.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::harness::{Cluster, Namespace, Plane, control_plane, program, wait_for};

const SOON: Duration = Duration::from_secs(60);
const PROGRAMS: [&str; 2] = ["outrigger-control-plane", "outrigger-injector"];

/// Both programs. Dropping it kills them.
#[derive(Debug)]
pub(super) struct Running {
    plane: Plane,
    injector: Child,
    /// Where its webhook is.
    port: u16,
}

impl Running {
    pub(super) async fn start(cluster: &Cluster, namespace: &Namespace<'_>) -> Self {
        let own = namespace.kubeconfig(PROGRAMS[0]).await;
        let words = ["--kubeconfig", &own, "--system-namespace", &namespace.name, "--settle", "1s"];
        let webhook = ["--webhook-listen", "127.0.0.1:0", "--webhook-configuration", "outrigger-policy"];
        let plane = control_plane(&[&words[..], &webhook].concat()).await;
        let own = namespace.kubeconfig(PROGRAMS[1]).await;
        let ready = namespace.home().join("injector.ready");
        let mut command = Command::new(program("outrigger-control-plane"));
        command.env_clear().args(["injector", "--kubeconfig", &own, "--system-namespace", &namespace.name]);
        command.args(["--listen", "127.0.0.1:0", "--image", "outrigger-sidecar:none", "--ready-file"]).arg(&ready);
        let injector = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("the injector starts");
        let port = wait_for("the injector", SOON, async || {
            let ready: Value = serde_json::from_slice(&fs::read(&ready).ok()?).ok()?;
            ready["listen"].as_str()?.rsplit(':').next()?.parse().ok()
        })
        .await;
        let running = Self { plane, injector, port };
        running.lead_here(cluster, namespace).await;
        running
    }

    /// No node leads from a Service to anybody: these lead to this machine.
    pub(super) async fn lead_here(&self, cluster: &Cluster, namespace: &Namespace<'_>) {
        for name in PROGRAMS {
            let here = json!({"spec": {"type": "ExternalName", "externalName": "localhost"}}).to_string();
            namespace.kubectl_ok(&["patch", "service", name, "--patch", &here]).await;
            let slice = json!({
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": name, "labels": {
                    "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "outrigger-tests",
                }},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["192.0.2.1"], "conditions": {"ready": true}}],
            });
            namespace.apply(slice.to_string()).await;
        }
        let own = self.plane.webhook().port();
        for (kind, name, port) in [
            ("mutatingwebhookconfiguration", "outrigger-injector", self.port),
            ("validatingwebhookconfiguration", "outrigger-policy", own),
        ] {
            to_port(cluster, kind, name, port).await;
        }
    }

    /// The injector's webhook leads to the control plane, which has another certificate.
    pub(super) async fn lead_elsewhere(&self, cluster: &Cluster) {
        let other = self.plane.webhook().port();
        to_port(cluster, "mutatingwebhookconfiguration", "outrigger-injector", other).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.injector.kill();
        let _ = self.injector.wait();
    }
}

async fn to_port(cluster: &Cluster, kind: &str, name: &str, port: u16) {
    let entries = cluster.get(&[kind, name]).await["webhooks"].as_array().unwrap().len();
    let to =
        |entry| json!({"op": "replace", "path": format!("/webhooks/{entry}/clientConfig/service/port"), "value": port});
    let patch = Value::from((0..entries).map(to).collect::<Vec<_>>()).to_string();
    cluster.kubectl_ok(&["patch", kind, name, "--type=json", "--patch", &patch]).await;
}

/// As a kubelet would say it of every pod of the release, of which there are so many.
pub(super) async fn replicas_are_ready(namespace: &Namespace<'_>, pods: usize) {
    let pods = wait_for("the pods of the release", SOON, async || {
        let found = namespace.kubectl_ok(&["get", "pods", "--output", "name"]).await;
        let found: Vec<String> = found.lines().map(str::to_owned).collect();
        (found.len() == pods).then_some(found)
    })
    .await;
    for pod in pods {
        // Of a pod with a place of its own a controller wants to know more.
        let phase = if pod.ends_with("-0") { "Running" } else { "Pending" };
        let status = json!({"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]});
        let ready = json!({"status": status}).to_string();
        namespace.kubectl_ok(&["patch", &pod, "--subresource=status", "--patch", &ready]).await;
    }
}
