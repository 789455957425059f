//! R-INJ-8: a `SidecarProfile` is what a running pod has, and an edit of it what the next one has.

use std::time::Duration;

use super::*;
use crate::harness::*;

/// The sidecar of a pod as the cluster runs it: memory that it may use, port, drain.
async fn runs_with(story: &Story, pod: &str) -> (String, String, String) {
    let pod = story.get(&["pod", pod]).await;
    let sidecar = &pod["spec"]["initContainers"][0];
    let set = |name: &str| {
        let all = sidecar["env"].as_array().unwrap().iter();
        all.clone().find(|it| it["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    let memory = sidecar["resources"]["limits"]["memory"].as_str().unwrap().to_owned();
    (memory, set("OUTRIGGER_LISTEN"), set("OUTRIGGER_DRAIN_TIMEOUT"))
}

fn profile(memory: &str, listen: u16, drain: &str) -> String {
    format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: SidecarProfile\nmetadata: {{name: default}}\n\
         spec: {{resources: {{limits: {{memory: {memory}}}}}, ports: {{listen: {listen}}}, drain: {drain}}}\n"
    )
}

/// A pod of this name, made as soon as the injector knows what was applied before: it follows profiles by a watch.
async fn made_with(story: &Story, name: &str, expected: (&str, &str, &str)) {
    let words = ["create", "--dry-run=server", "--output", "json", "--filename", "-"];
    let pod = app(name, "").replace("GracePeriodSeconds: 5", "GracePeriodSeconds: 60");
    wait_for("the injector to know the profile", Duration::from_secs(10), async || {
        let made = story.try_apply(&words, &pod).await;
        String::from_utf8_lossy(&made.stdout).contains(expected.1).then_some(())
    })
    .await;
    story.apply(&pod).await;
    story.ready(&format!("pod/{name}")).await;
    let (memory, listen, drain) = runs_with(story, name).await;
    assert_eq!((memory.as_str(), listen.as_str(), drain.as_str()), expected, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_profile_is_what_a_pod_has_and_an_edit_is_for_new_ones() {
    let _installed = shared().await;
    let story = Story::injected().await;
    story.apply(&(provider("near") + &policy(&["near"]) + "---\n" + &profile("200Mi", 5117, "20s"))).await;
    story.ready("deployment/near").await;
    let (first, second) = (("200Mi", "127.0.0.1:5117", "20s"), ("220Mi", "127.0.0.1:6117", "30s"));
    made_with(&story, "old", first).await;
    answers(&story, "old", "near", Duration::from_secs(20)).await;
    story.apply(&profile("220Mi", 6117, "30s")).await;
    made_with(&story, "new", second).await;
    // Each answers where its own pod was told, and nothing was started again.
    for pod in ["old", "new"] {
        answers(&story, pod, "near", Duration::from_secs(20)).await;
        assert_eq!(restarts(&story, pod).await, 0);
    }
    assert_eq!(runs_with(&story, "old").await.1, first.1);
    // The kubelet's own word for what it allows.
    let memory = story.get(&["pod", "new"]).await["status"]["initContainerStatuses"][0]["resources"].clone();
    assert_eq!(memory["limits"]["memory"], second.0, "{memory}");
}

/// One that is not there is told, and the pod runs without it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn a_profile_that_is_missing_is_told() {
    let _installed = shared().await;
    let story = Story::injected().await;
    let named = app("app", "").replacen("labels: {", "annotations: {outrigger.dev/profile: nobodys}, labels: {", 1);
    let warned = story.apply(&named).await;
    assert!(warned.contains("Warning:") && warned.contains("nobodys"), "{warned}");
    story.ready("pod/app").await;
    let told = event(&story, "ProfileMissing", Duration::from_secs(20)).await;
    assert!(told.contains("nobodys"), "{told}");
    assert_eq!(runs_with(&story, "app").await.1, "127.0.0.1:4117");
}
