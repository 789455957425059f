//! What people ask: `kubectl outrigger fleet` and `explain`, in a cluster with two replicas of the control plane.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::*;
use crate::harness::*;

const ASKED: &str = r#"{"model": "assistant", "messages": [{"role": "user", "content": "hi"}]}"#;

/// `app` as a Deployment of four pods: with so few it is unlikely that one replica has them all.
fn web() -> String {
    let pod = app("web", "");
    let (_, spec) = pod.split_once("spec:\n").unwrap();
    let spec = spec.lines().fold(String::new(), |text, line| text + "    " + line + "\n");
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 4\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n{spec}"
    )
}

/// What would become of a call of the workload, and how the command ended.
async fn explained(workload: &str) -> (Value, bool) {
    let output = plugin(&["explain", "--workload", workload, "-"], ASKED).await;
    let told = serde_json::from_slice(&output.stdout);
    (told.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn the_fleet_shows_every_pod_and_explain_names_the_route_that_an_edit_has_closed() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&[provider("near"), web()].join("---\n")).await;
    story.apply(&policy(&["near"])).await;
    story.ready("deployment/web").await;
    story.ready("deployment/near").await;
    story.kubectl(&["wait", "--for=condition=Programmed", "modelroute/assistant", "--timeout=60s"]).await;

    let output = plugin(&["fleet", "--namespace", &story.namespace], "").await;
    let (table, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let pods = story.kubectl(&["get", "pods", "--selector=app=web", "--output", "name"]).await;
    for pod in pods.lines().map(|name| name.trim_start_matches("pod/")) {
        let row = table.lines().find(|line| line.contains(pod)).unwrap_or_else(|| panic!("{pod}: {table}{said}"));
        assert!(row.contains("Deployment/web") && row.contains(" yes "), "{row}");
    }
    assert!(said.contains("4 sidecars, 0 not current"), "{said}");

    let workload = format!("{}/web", story.namespace);
    let (told, good) = explained(&workload).await;
    assert_eq!(
        (good, &told["attempts"][0]["provider"]),
        (true, &format!("{}/near", story.namespace).into()),
        "{told:#}"
    );

    let eu = "apiVersion: outrigger.dev/v1alpha1\nkind: ModelPolicy\nmetadata: {name: eu-only}\n\
              spec: {constraints: {regions: [eu]}}\n";
    story.apply(eu).await;
    let acknowledged = Instant::now();
    let closed = wait_for("explain to name what is closed", Duration::from_secs(10), async || {
        let asked = acknowledged.elapsed();
        let (told, good) = explained(&workload).await;
        (!good && told.to_string().contains("eu-only")).then_some((asked, told))
    })
    .await;
    let (asked, told) = closed;
    println!("explain, asked {asked:?} after the edit, said: {}", told["error"]);
    assert!(asked <= Duration::from_secs(2), "{asked:?}");
    let why = told["error"].to_string();
    assert!(why.contains("assistant") && why.contains("eu-only"), "{told:#}");
}
