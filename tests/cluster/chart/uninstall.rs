//! What is left behind by an installation that goes: nothing. There is no node, so the story is the one: it runs what the
//! hook's pod would run, with that pod's account, and says that the pod is done.

use std::{process::Command, time::Duration};

use super::helm::Helm;
use crate::harness::{Cluster, Namespace, program, wait_for};

const SOON: Duration = Duration::from_secs(30);
/// What only looks like ours.
const SOMEBODYS: &str = "outrigger-of-somebody";

pub(super) async fn leaves_nothing(cluster: &Cluster, namespace: &Namespace<'_>, helm: &Helm) {
    let workloads = cluster.namespace().await;
    ran(namespace, &workloads).await;
    let hook = async {
        let selector = ["get", "pods", "--selector", "job-name=outrigger-uninstall", "--output", "name"];
        let pod = wait_for("the pod of the hook", SOON, async || {
            let found = namespace.kubectl_ok(&selector).await;
            found.strip_prefix("pod/").map(str::to_owned)
        })
        .await;
        // It is the last thing that happens: whoever could write anything again has no right to.
        let rights = cluster.kubectl_ok(&["get", "clusterroles", "--output", "name"]).await;
        let ours: Vec<&str> = rights.lines().filter(|line| line.contains("/outrigger-")).collect();
        assert_eq!(ours, ["clusterrole.rbac.authorization.k8s.io/outrigger-uninstall"]);
        let told = namespace.get(&["pod", &pod]).await;
        let container = &told["spec"]["containers"][0];
        assert_eq!(container["args"][0], "uninstall");
        assert_eq!(told["spec"]["serviceAccountName"], "outrigger-uninstall");
        let removed = run(namespace).await;
        assert_eq!(removed.lines().count(), 2 + 2 + 3, "{removed}");
        // As it is where a Job tries again.
        assert_eq!(run(namespace).await, "nothing was there\n");
        let done = r#"{"status": {"phase": "Succeeded"}}"#;
        namespace.kubectl_ok(&["patch", "pod", &pod, "--subresource=status", "--patch", done]).await;
    };
    let (_, _) = tokio::join!(helm.ok(&["uninstall", "outrigger"]), hook);

    for namespace in [namespace, &workloads] {
        let kinds =
            "secrets,leases,configmaps,roles,rolebindings,serviceaccounts,services,deployments,jobs,networkpolicies";
        wait_for("the end of everything", SOON, async || {
            let left = namespace.kubectl_ok(&["get", kinds, "--output", "name"]).await;
            let mut left = left.lines().filter(|line| line.contains("outrigger") && !line.ends_with(SOMEBODYS));
            left.next().is_none().then_some(())
        })
        .await;
    }
    let wide = "clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations";
    let left = cluster.kubectl_ok(&["get", wide, "--output", "name"]).await;
    let left: Vec<&str> = left.lines().filter(|line| line.contains("/outrigger-")).collect();
    assert_eq!(left, Vec::<&str>::new());
    // Whatever else is there is somebody's.
    workloads.kubectl_ok(&["get", "configmap", SOMEBODYS]).await;
}

/// What is there once it has run for a while.
async fn ran(namespace: &Namespace<'_>, workloads: &Namespace<'_>) {
    for secret in ["outrigger-ca", "outrigger-injector-ca"] {
        namespace.kubectl_ok(&["create", "secret", "generic", secret, "--from-literal=a=b"]).await;
    }
    let lease = |name: &str| {
        format!("apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {{name: {name}, namespace: default}}\n")
    };
    namespace.apply(format!("{}---\n{}", lease("outrigger-control-plane"), lease("outrigger-injector"))).await;
    for (namespace, name) in [
        (namespace, "outrigger-ca"),
        (workloads, "outrigger-ca"),
        (workloads, "outrigger-bootstrap-3"),
        (workloads, SOMEBODYS),
    ] {
        namespace.kubectl_ok(&["create", "configmap", name]).await;
    }
}

/// The hook's program with the hook's rights.
async fn run(namespace: &Namespace<'_>) -> String {
    let kubeconfig = namespace.kubeconfig("outrigger-uninstall").await;
    let mut command = Command::new(program("outrigger-control-plane"));
    command.env_clear().env("OUTRIGGER_SYSTEM_NAMESPACE", &namespace.name);
    command.args(["uninstall", "--kubeconfig", &kubeconfig, "--within", "60s"]);
    let output = tokio::task::spawn_blocking(move || command.output().expect("it starts")).await.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
