//! The control plane is away: traffic flows, containers that start again serve from disk, new pods from what was left.

use std::time::{Duration, Instant};

use super::*;
use crate::harness::*;

/// How long it stays away: two and a half minutes, or as many seconds as `OUTRIGGER_STORY_AWAY` says. 300 is what operators ask
/// about.
fn away() -> Duration {
    let told = std::env::var_os("OUTRIGGER_STORY_AWAY").and_then(|seconds| seconds.to_str()?.parse().ok());
    Duration::from_secs(told.unwrap_or(150))
}

/// It is back when the story ends, however that is.
struct Back<'a>(&'a Story);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.0.finally(&["scale", "deployment/outrigger-control-plane", "--replicas=2"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn minutes_without_a_control_plane_fail_no_call() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    near_and_far(&story).await;
    // A provider with a key, which is in no bootstrap: who has lost it can only be given it by a control plane.
    let keyed = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {key: sk-of-a-story}\n---\n\
        apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {name: keyed}\n\
        spec: {dialects: [ChatCompletions, Responses], baseURL: \"http://near/v1\", models: [{model: acme/large}], \
        credentials: [{name: main, secretKeyRef: {name: key, key: key}}]}\n---\n\
        apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {name: paid}\n\
        spec: {targets: [{model: acme/large, provider: keyed}]}\n";
    story.apply(&[&readable(), keyed, &app("crashing", "")].join("---\n")).await;
    story.ready("pod/crashing").await;
    answers_to(&story, "crashing", "paid", "near answers", Duration::from_secs(30)).await;
    rollout::prepare(&story).await;
    wait_for("what new pods start with", Duration::from_secs(60), async || {
        story.try_kubectl(&["get", "configmap", "outrigger-bootstrap"]).await.status.success().then_some(())
    })
    .await;
    // A map is changed at most once in ten seconds.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let _back = Back(&system);
    system.kubectl(&["scale", "deployment/outrigger-control-plane", "--replicas=0"]).await;
    let gone = ["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=control-plane", "--timeout=90s"];
    system.kubectl(&gone).await;
    let since = Instant::now();

    let gone = away();
    let seconds = gone.as_secs().to_string();
    let load = ["python3", "-c", LOAD, &seconds, "5"];
    let loading = story.exec("app", &load);
    let living = async {
        // The sidecar's container alone: its process ends, and the kubelet starts it again.
        signal_sidecar(&story.namespace, "crashing", rustix::process::Signal::KILL);
        wait_for("it to be started again", SOON, async || (restarts(&story, "crashing").await > 0).then_some(())).await;
        story.ready("pod/crashing").await;
        // From its own disk: it has the key.
        for route in ["assistant", "paid"] {
            answers_to(&story, "crashing", route, "near answers", Duration::from_secs(30)).await;
        }
        // One that nobody has seen before, and a whole application that is replaced.
        story.apply(&app("new", "")).await;
        story.ready("pod/new").await;
        answers(&story, "new", "near", Duration::from_secs(20)).await;
        answers_to(&story, "new", "paid", "Error code: 503", Duration::from_secs(20)).await;
        rollout::rolls_over(&story).await;
        story.apply(&route(&["far"])).await;
        tokio::time::sleep(gone.saturating_sub(since.elapsed())).await;
        for pod in ["crashing", "new"] {
            answers(&story, pod, "near", Duration::from_secs(10)).await;
        }
    };
    let (said, ()) = tokio::join!(loading, living);
    let away = since.elapsed();
    assert!(away >= gone && said.ends_with(" far 0 failed 0") && !said.contains("near 0 "), "{away:?} {said}");

    system.kubectl(&["scale", "deployment/outrigger-control-plane", "--replicas=2"]).await;
    system.ready("deployment/outrigger-control-plane").await;
    for pod in ["app", "crashing", "new"] {
        let took = answers(&story, pod, "far", Duration::from_secs(90)).await;
        println!("{pod} had the edit {took:?} after the control plane was back, away for {away:?}");
    }
    answers_to(&story, "new", "paid", "near answers", Duration::from_secs(30)).await;
}
