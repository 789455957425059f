//! Pods that should have a sidecar and have none: R-INJ-1 counts for pods that are made, and nobody is to find out by surprise.

use std::time::Duration;

use super::*;
use crate::harness::*;

/// From one look to the next, with some room.
const LOOKS: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_pod_that_is_older_than_the_label_is_named_and_counted() {
    let _installed = shared().await;
    let story = Story::new().await;
    let out = app("out", "").replacen("labels: {", "labels: {outrigger.dev/inject: disabled, ", 1);
    story.apply(&[app("early", ""), out].join("---\n")).await;
    story.ready("pod/early").await;
    story.kubectl(&["label", "namespace", &story.namespace, "outrigger.dev/inject=enabled"]).await;
    story.apply(&app("late", "")).await;
    story.ready("pod/late").await;
    let told = event(&story, "NoSidecar", LOOKS).await;
    assert!(told.starts_with("pod/early ") && told.contains("rollout restart"), "{told}");
    assert!(counted("injector", "outrigger_injector_pods_without_sidecar").await >= 1);
    // Neither who has one nor who asked for none.
    let all = events(&story).await;
    assert_eq!(all.iter().filter(|line| line.contains(" NoSidecar ")).count(), 1, "{all:?}");
}

/// A pod that came while nobody was asked: `failurePolicy: Ignore` lets it in, and it is named as soon as somebody looks.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_pod_that_came_without_an_injector_is_named_when_there_is_one() {
    let installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    let hook = ["patch", "mutatingwebhookconfiguration", "outrigger-injector", "--type=json", "--patch"];
    let policy =
        |word: &str| format!(r#"[{{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "{word}"}}]"#);
    system.kubectl(&["scale", "deployment/outrigger-injector", "--replicas=0"]).await;
    let gone = ["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=injector", "--timeout=60s"];
    system.kubectl(&gone).await;
    system.kubectl(&[&hook[..], &[&policy("Ignore")]].concat()).await;
    let_in(&story, &app("app", "")).await;
    system.kubectl(&[&hook[..], &[&policy("Fail")]].concat()).await;
    system.kubectl(&["scale", "deployment/outrigger-injector", "--replicas=2"]).await;
    system.ready("deployment/outrigger-injector").await;
    story.ready("pod/app").await;
    assert!(story.get(&["pod", "app"]).await["spec"]["initContainers"].is_null());
    // All is as before, and nobody need wait while somebody comes to look.
    drop(installed);
    let told = event(&story, "NoSidecar", LOOKS).await;
    assert!(told.starts_with("pod/app "), "{told}");
}

/// Pods that have a sidecar are as many as control planes hear, and one that nobody hears is one that is missed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_sidecar_that_no_control_plane_hears_is_missed() {
    const WITH: &str = "outrigger_injector_pods_with_sidecar";
    const HEARD: &str = "outrigger_control_plane_sidecars";
    let _installed = alone().await;
    let story = Story::injected().await;
    story.apply(&app("app", "")).await;
    story.ready("pod/app").await;
    let all = async |more: u64| {
        let (with, heard) = (counted("injector", WITH).await, counted("control-plane", HEARD).await);
        (with >= 1 && with == heard + more).then_some(())
    };
    wait_for("as many pods as sidecars that are heard", LOOKS, async || all(0).await).await;
    let system = Story::of(SYSTEM);
    let before = counted("control-plane", HEARD).await;
    let replicas = system.get(&["deployment", "outrigger-control-plane"]).await["spec"]["replicas"].to_string();
    system.kubectl(&["scale", "deployment/outrigger-control-plane", "--replicas=0"]).await;
    let gone = ["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=control-plane", "--timeout=60s"];
    system.kubectl(&gone).await;
    wait_for("as many that are missed", LOOKS, async || all(before).await).await;
    system.kubectl(&["scale", "deployment/outrigger-control-plane", &format!("--replicas={replicas}")]).await;
    system.ready("deployment/outrigger-control-plane").await;
    wait_for("all of them again", LOOKS, async || all(0).await).await;
}

/// What all replicas of a program count together: of the injector's, the one that leads alone.
async fn counted(component: &str, name: &str) -> u64 {
    let system = Story::of(SYSTEM);
    let pods = system.get(&["pods", &format!("--selector=app.kubernetes.io/component={component}")]).await;
    let mut sum = 0;
    for pod in pods["items"].as_array().unwrap() {
        let ports = pod["spec"]["containers"][0]["ports"].as_array().unwrap();
        let port = ports.iter().find(|port| port["name"] == "probes").unwrap_or_else(|| panic!("{ports:?}"));
        let (pod, port) = (pod["metadata"]["name"].as_str().unwrap(), &port["containerPort"]);
        let path = format!("/api/v1/namespaces/{SYSTEM}/pods/{pod}:{port}/proxy/metrics");
        let page = system.kubectl(&["get", "--raw", &path]).await;
        let line = page.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{page}"));
        sum += line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64;
    }
    sum
}
