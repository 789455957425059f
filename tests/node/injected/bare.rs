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
    assert!(bare_by_metric().await >= 1);
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

/// What the replicas count: the one that leads, and the others nothing.
async fn bare_by_metric() -> u64 {
    let system = Story::of(SYSTEM);
    let pods = system.get(&["pods", "--selector=app.kubernetes.io/component=injector"]).await;
    let mut sum = 0;
    for pod in pods["items"].as_array().unwrap() {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let path = format!("/api/v1/namespaces/{SYSTEM}/pods/{name}:4121/proxy/metrics");
        let text = system.kubectl(&["get", "--raw", &path]).await;
        let line = text.lines().find(|line| line.starts_with("outrigger_injector_pods_without_sidecar ")).unwrap();
        sum += line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64;
    }
    sum
}
