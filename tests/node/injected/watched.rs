//! M2: what the control plane reads of pods' sidecars, as Prometheus and `kubectl outrigger top` are told it.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::harness::*;

/// A little more than the chart's `--scrape-interval`.
const INTERVAL: Duration = Duration::from_secs(17);
/// An interval of the chart's and what is around it: a page that was read, and one that was read behind it.
const READ_WITHIN: Duration = Duration::from_secs(60);

/// What `kubectl outrigger top` says of this story's one workload.
async fn top(story: &Story) -> Option<Value> {
    let output = plugin(&["top", "--once", "--namespace", &story.namespace, "--output", "json"], "").await;
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    told["workloads"].as_array()?.first().cloned()
}

/// The sum over all replicas of a name's series of this namespace.
async fn counted(system: &Story, namespace: &str, name: &str) -> f64 {
    let pods = system.get(&["pods", "--selector", "app.kubernetes.io/component=control-plane"]).await;
    let mut sum = 0.0;
    for pod in pods["items"].as_array().unwrap() {
        let ports = pod["spec"]["containers"][0]["ports"].as_array().unwrap();
        let port = ports.iter().find(|port| port["name"] == "probes").unwrap_or_else(|| panic!("{ports:?}"));
        let (pod, port) = (pod["metadata"]["name"].as_str().unwrap(), &port["containerPort"]);
        let path = format!("/api/v1/namespaces/{SYSTEM}/pods/{pod}:{port}/proxy/metrics");
        let page = system.kubectl(&["get", "--raw", &path]).await;
        let own = format!("namespace=\"{namespace}\"");
        let series = page.lines().filter(|line| line.starts_with(&format!("{name}{{")) && line.contains(&own));
        sum += series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>();
    }
    sum
}

/// A sidecar's page is read where pods' addresses are, its requests are those of its workload, and none is counted twice.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn what_pods_do_is_seen_by_workload() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    near_and_far(&story).await;
    wait_for("a first page", READ_WITHIN, async || {
        let row = top(&story).await?;
        (row["seen"] == json!(1)).then_some(())
    })
    .await;
    // What was asked until now is on the next page, if not on that one.
    tokio::time::sleep(INTERVAL).await;
    let before = counted(&system, &story.namespace, "outrigger_fleet_requests_total").await;
    let program = "import openai\nc = openai.OpenAI(max_retries=0)\nfor i in range(20):\n    \
                   c.chat.completions.create(model='assistant', messages=[{'role': 'user', 'content': 'hi'}])";
    story.exec("app", &["python3", "-c", program]).await;
    let row = wait_for("a page behind it", READ_WITHIN, async || {
        let row = top(&story).await?;
        (row["requests"].as_f64()? >= before + 20.0).then_some(row)
    })
    .await;
    let names = ["namespace", "workload", "sidecars"].map(|name| row[name].clone());
    assert_eq!(names, [json!(story.namespace), json!("Pod/app"), json!(1)], "{row:#}");
    assert_eq!(row["requests"], json!(before + 20.0), "{row:#}");
    let now = counted(&system, &story.namespace, "outrigger_fleet_requests_total").await;
    assert_eq!(now, before + 20.0);
}
