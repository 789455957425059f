//! The control plane is away: traffic flows, containers that start again serve from disk, new pods from what was left.

use std::time::Duration;

use super::*;
use crate::harness::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn without_a_control_plane_traffic_flows_and_pods_start() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    near_and_far(&story).await;
    wait_for("what new pods start with", Duration::from_secs(60), async || {
        story.try_kubectl(&["get", "configmap", "outrigger-bootstrap"]).await.status.success().then_some(())
    })
    .await;
    // A map is changed at most once in ten seconds.
    tokio::time::sleep(Duration::from_secs(12)).await;
    system.kubectl(&["scale", "deployment/outrigger-control-plane", "--replicas=0"]).await;
    let gone = ["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=control-plane", "--timeout=90s"];
    system.kubectl(&gone).await;

    answers(&story, "app", "near", Duration::from_secs(10)).await;
    // The sidecar's container alone: its process ends, and the kubelet starts it again.
    kill_sidecar(&story.namespace, "app");
    wait_for("the container to be started again", SOON, async || (restarts(&story, "app").await > 0).then_some(()))
        .await;
    story.ready("pod/app").await;
    answers(&story, "app", "near", Duration::from_secs(30)).await;

    // One that nobody has seen before.
    story.apply(&app("new", "")).await;
    story.ready("pod/new").await;
    answers(&story, "new", "near", Duration::from_secs(20)).await;

    story.apply(&route(&["far"])).await;
    system.kubectl(&["scale", "deployment/outrigger-control-plane", "--replicas=2"]).await;
    system.ready("deployment/outrigger-control-plane").await;
    for pod in ["app", "new"] {
        let took = answers(&story, pod, "far", Duration::from_secs(90)).await;
        println!("{pod} had the edit {took:?} after the control plane was back");
    }
}

/// Ends the process of a pod's sidecar, as the kernel does when memory runs out. The node's processes are this machine's.
fn kill_sidecar(namespace: &str, pod: &str) {
    let ours = |folder: &std::path::Path| {
        let environment = std::fs::read(folder.join("environ")).unwrap_or_default();
        let has = |variable: String| environment.split(|byte| *byte == 0).any(|it| it == variable.as_bytes());
        has(format!("OUTRIGGER_NAMESPACE={namespace}")) && has(format!("HOSTNAME={pod}"))
    };
    let folders = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let found: Vec<_> = folders.filter(|folder| ours(folder)).collect();
    let [folder] = &found[..] else { panic!("one sidecar of {namespace}/{pod}: {found:?}") };
    let pid: i32 = folder.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
