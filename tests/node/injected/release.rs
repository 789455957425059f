//! The installation itself: what it costs, and that nothing of it stays.

use std::time::Duration;

use super::*;
use crate::harness::*;

/// What a quiet sidecar takes, by the kubelet's own figures. Images of stories are built for the time that takes, so the
/// bound is a wide one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_quiet_sidecar_is_small() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&[provider("near"), app("app", "")].join("---\n")).await;
    story.apply(&policy(&["near"])).await;
    story.ready("pod/app").await;
    story.ready("deployment/near").await;
    answers(&story, "app", "near", Duration::from_secs(20)).await;
    let bytes = wait_for("the kubelet's figures", SOON, async || {
        // It has none while an image is unpacked whose mount it has seen come and not go.
        let summary = story.try_kubectl(&["get", "--raw", "/api/v1/nodes/node1/proxy/stats/summary"]).await;
        let summary: serde_json::Value = serde_json::from_slice(&summary.stdout).ok()?;
        let pods = summary["pods"].as_array()?.iter();
        let mut ours =
            pods.filter(|pod| pod["podRef"]["namespace"] == *story.namespace && pod["podRef"]["name"] == "app");
        let containers = ours.next()?["containers"].as_array()?.clone();
        let sidecar = containers.into_iter().find(|it| it["name"] == "outrigger")?;
        sidecar["memory"]["workingSetBytes"].as_u64().filter(|bytes| *bytes > 0)
    })
    .await;
    println!("working set of a quiet sidecar: {:.1} MiB", bytes as f64 / f64::from(1 << 20));
    assert!(bytes < 32 << 20, "{bytes}");
}

/// `helm test` passes; uninstalled, nothing is left; installed anew, everything works.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn uninstalled_it_leaves_nothing_and_installed_anew_it_works() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    story.apply(&policy(&["near"])).await;
    let tested = tokio::task::block_in_place(|| helm(&["test", "outrigger", "--timeout=60s"]));
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    let gone = tokio::task::block_in_place(|| helm(&["uninstall", "outrigger", "--wait", "--timeout=120s"]));
    assert!(gone.status.success(), "{}", String::from_utf8_lossy(&gone.stderr));
    let kinds = "mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles,clusterrolebindings";
    let wide = system.kubectl(&["get", kinds, "--output", "name"]).await;
    assert!(!wide.contains("outrigger"), "{wide}");
    let own =
        system.kubectl(&["get", "secrets,leases,configmaps,serviceaccounts,deployments", "--output", "name"]).await;
    let left: Vec<&str> = own
        .lines()
        .filter(|line| line.contains("outrigger") && !line.contains("sh.helm.release.v1.outrigger-crds"))
        .collect();
    assert_eq!(left, [""; 0]);
    let beside = story.kubectl(&["get", "configmaps", "--output", "name"]).await;
    assert!(!beside.contains("outrigger"), "{beside}");
    // Policy is not the installation's.
    assert!(story.kubectl(&["get", "modelroutes", "--output", "name"]).await.contains("assistant"));

    install().await;
    let_in(&story, &[provider("near"), app("app", "")].join("---\n")).await;
    story.ready("pod/app").await;
    story.ready("deployment/near").await;
    answers(&story, "app", "near", Duration::from_secs(30)).await;
}
