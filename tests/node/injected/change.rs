//! The installation changes under those who use it: an upgrade, and certificates that come and go.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use super::*;
use crate::harness::*;

/// Creates pods that nobody keeps until it is told to stop, each of which has to be let in with a sidecar; answers how many.
async fn pods_are_let_in(story: &Story, stop: &AtomicBool) -> usize {
    let words = ["create", "--dry-run=server", "--output", "json", "--filename", "-"];
    let (mut count, pod) = (0, app("passing", ""));
    while !stop.load(Ordering::Relaxed) {
        let output = story.try_apply(&words, &pod).await;
        assert!(output.status.success(), "pod {count}: {}", String::from_utf8_lossy(&output.stderr));
        let made: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(made["spec"]["initContainers"][0]["name"], "outrigger", "pod {count}");
        count += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    count
}

/// Image and tag of the first container of a pod's template, or of a pod's sidecar.
fn tag(image: &serde_json::Value) -> String {
    image.as_str().unwrap().rsplit(':').next().unwrap().to_owned()
}

/// Kinds with a field more, new images, other values: both charts are upgraded, and so every pod of the installation is
/// replaced, under load. No call fails and no pod is refused; then the new field means something, and new pods have the new
/// sidecar beside those of the old one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn an_upgrade_to_new_images_values_and_fields_fails_no_call_and_refuses_no_pod() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    // The chart of kinds as it was before somebody thought of `aliases`.
    let before = chart_without("outrigger-crds", "crds.yaml", "aliases");
    kinds(&before.path().display().to_string()).await;
    let deployment = system.get(&["deployment/outrigger-control-plane"]).await;
    let old = tag(&deployment["spec"]["template"]["spec"]["containers"][0]["image"]);
    let new = if old == "dev" { "next" } else { "dev" };
    let aliased = route(&["near"]).replace("spec: {", "spec: {aliases: [helper], ");
    let words = ["apply", "--server-side", "--force-conflicts", "--filename", "-"];
    wait_for("a field that is not known yet", Duration::from_secs(30), async || {
        let refused = story.try_apply(&words, &aliased).await;
        String::from_utf8_lossy(&refused.stderr).contains("field not declared in schema").then_some(())
    })
    .await;
    story.apply(&[provider("near"), app("app", "")].join("---\n")).await;
    story.apply(&policy(&["near"])).await;
    story.ready("deployment/near").await;
    story.ready("pod/app").await;
    answers(&story, "app", "near", Duration::from_secs(30)).await;
    let stop = AtomicBool::new(false);
    let upgrading = async {
        loaded(&story, "app").await;
        let (by, begun) = (std::process::id(), Instant::now());
        kinds(&chart("outrigger-crds")).await;
        let values = ["controlPlane", "injector"].map(|of| format!("{of}.podAnnotations.story=upgraded-{by}"));
        let images = ["controlPlane", "sidecar"].map(|of| format!("{of}.image.tag={new}"));
        let words =
            ["upgrade", "outrigger", &chart("outrigger"), "--reset-then-reuse-values", "--wait", "--timeout=180s"];
        let values = values.iter().chain(&images).flat_map(|value| ["--set", value]);
        let words: Vec<&str> = words.into_iter().chain(values).collect();
        let output = helm_beside(&words).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        println!("upgraded in {:?}", begun.elapsed());
        // Those that were replaced are still on their way out.
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.store(true, Ordering::Relaxed);
    };
    let load = ["python3", "-c", LOAD, "30"];
    let (said, pods, ()) = tokio::join!(story.exec("app", &load), pods_are_let_in(&story, &stop), upgrading);
    println!("{pods} pods were let in during the upgrade; {said}");
    assert!(said.ends_with("failed 0") && pods > 5, "{said}");

    for of in ["control-plane", "injector"] {
        let pods = system.get(&["pods", &format!("--selector=app.kubernetes.io/component={of}")]).await;
        for pod in pods["items"].as_array().unwrap() {
            assert_eq!(tag(&pod["spec"]["containers"][0]["image"]), new, "{of}");
        }
    }
    story.apply(&app("new", "")).await;
    story.ready("pod/new").await;
    for (pod, runs) in [("app", old.as_str()), ("new", new)] {
        let pod = story.get(&["pod", pod]).await;
        assert_eq!(tag(&pod["spec"]["initContainers"][0]["image"]), runs);
    }
    wait_for("the new field to be known", Duration::from_secs(30), async || {
        story.try_apply(&words, &aliased).await.status.success().then_some(())
    })
    .await;
    for pod in ["app", "new"] {
        answers_to(&story, pod, "helper", "near", Duration::from_secs(10)).await;
        assert_eq!(restarts(&story, pod).await, 0);
    }
}

/// R-INJ-6: two rotations of the injector's authority, with a life of less than a minute, and every pod is let in.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn certificates_come_and_go_and_every_pod_is_let_in() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    let deployment = "deployment/outrigger-injector";
    system.kubectl(&["scale", deployment, "--replicas=0"]).await;
    let gone = ["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=injector", "--timeout=60s"];
    system.kubectl(&gone).await;
    system.kubectl(&["delete", "secret", "outrigger-injector-ca"]).await;
    let more = |word: &str| {
        format!(r#"{{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "{word}"}}"#)
    };
    let patch = format!("[{}, {}]", more("--ca-life=45s"), more("--ca-settle=2s"));
    system.kubectl(&["patch", deployment, "--type=json", "--patch", &patch]).await;
    system.kubectl(&["scale", deployment, "--replicas=2"]).await;
    system.ready(deployment).await;
    let_in(&story, &app("first", "")).await;

    let (stop, began) = (AtomicBool::new(false), Instant::now());
    let watching = async {
        let mut bundles = BTreeSet::new();
        while began.elapsed() < Duration::from_secs(75) {
            let path = "jsonpath={.webhooks[0].clientConfig.caBundle}";
            let words = ["get", "mutatingwebhookconfiguration", "outrigger-injector", "--output", path];
            bundles.insert(system.kubectl(&words).await);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        stop.store(true, Ordering::Relaxed);
        bundles.len()
    };
    let (bundles, pods) = tokio::join!(watching, pods_are_let_in(&story, &stop));
    println!("{pods} pods were let in under {bundles} bundles");

    // As it was, for the others.
    system.kubectl(&["scale", deployment, "--replicas=0"]).await;
    system.kubectl(&gone).await;
    system.kubectl(&["delete", "secret", "outrigger-injector-ca"]).await;
    let less = r#"{"op": "remove", "path": "/spec/template/spec/containers/0/args/LAST"}"#;
    let args = system.get(&[deployment]).await["spec"]["template"]["spec"]["containers"][0]["args"].clone();
    let last = args.as_array().unwrap().len() - 1;
    let patch =
        format!("[{0}, {1}]", less.replace("LAST", &last.to_string()), less.replace("LAST", &(last - 1).to_string()));
    system.kubectl(&["patch", deployment, "--type=json", "--patch", &patch]).await;
    system.kubectl(&["scale", deployment, "--replicas=2"]).await;
    system.ready(deployment).await;
    // One with the old, both, the new: twice.
    assert!(bundles >= 4 && pods > 50, "{bundles} bundles, {pods} pods");
}
