//! Whether an API server takes what the chart renders: every field, and every rule that no schema of ours holds.

use super::helm::helms;
use crate::harness::Cluster;

/// Kinds of somebody else are not known here, and so are rendered alone: certManager, podMonitor.
const VALUES: &[&str] = &[
    "",
    "injector.enabled=false,policyWebhook.enabled=false,uninstall.enabled=false",
    "networkPolicy.enabled=true,listenAddress=::,imagePullSecrets[0].name=regcred",
    "secrets.namespaces={default},secrets.named.kube-public={a,b},watchNamespaces={default}",
    "controlPlane.podDisruptionBudget.enabled=false,injector.podDisruptionBudget.enabled=false",
    "injector.failurePolicy=Ignore,injector.excludedNamespaces={a,b},injector.tlsSecret=x,controlPlane.tlsSecret=y",
    "controlPlane.topologySpread.zone=DoNotSchedule,controlPlane.topologySpread.node=,injector.topologySpread.zone=",
    "controlPlane.nodeSelector.a=b,controlPlane.tolerations[0].operator=Exists,controlPlane.resources.limits.cpu=2",
    "commonLabels.a=b,commonAnnotations.a=b,controlPlane.podLabels.c=d,controlPlane.podAnnotations.c=d",
    "injector.bootstrapSecrets.enabled=true",
    "controlPlane.priorityClassName=system-cluster-critical,controlPlane.log.level=debug,controlPlane.log.format=text",
];

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn every_switch_is_taken_by_the_api_server() {
    // Shared: nothing is written.
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace().await;
    let helms = helms(&cluster, &namespace);
    let mut whole = String::new();
    for (turn, values) in VALUES.iter().enumerate() {
        let words = ["template", "outrigger", "charts/outrigger", "--set", values];
        // Names are those of an installation, of which there is one: what is the same is tried once.
        whole.push_str(&helms[turn % 2].ok(&words).await);
        let apply = ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "--filename", "-"];
        let output = cluster.kubectl_with(&apply, &std::mem::take(&mut whole)).await;
        let said = String::from_utf8_lossy(&output.stderr);
        // A warning is of a field that will not be there some day, or that is misspelt.
        assert!(output.status.success() && said.is_empty(), "{values}: {said}");
    }
}
