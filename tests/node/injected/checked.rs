//! `outrigger check` where pods run: what only a kubelet and an API server that reaches pods can tell.

use serde_json::Value;

use super::*;
use crate::harness::*;

/// What it says of the installation and of this story, not of what others are leaving.
async fn checked(story: &Story) -> Vec<Value> {
    let (_, text, said) = story.outrigger(&["check", "--system-namespace", SYSTEM, "--output", "json"]).await;
    let told: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{said}"));
    let mut findings = told["findings"].as_array().unwrap().clone();
    findings.retain(|it| {
        let object = it["object"].as_str().unwrap();
        !object.contains("story-") || object.contains(&story.namespace)
    });
    findings
}

/// Until it says these codes, and no other.
async fn says(story: &Story, expected: &[&str]) -> Vec<Value> {
    let mut last = Vec::new();
    for _ in 0..20 {
        last = checked(story).await;
        if last.iter().filter_map(|it| it["code"].as_str()).eq(expected.iter().copied()) {
            return last;
        }
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    panic!("expected {expected:?}: {last:#?}")
}

/// All is well, webhooks and probe ports are reached; a pod older than the label and an injector that is away are named.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn what_runs_is_well_and_its_probe_ports_are_reached() {
    let _installed = alone().await;
    let (system, story) = (Story::of(SYSTEM), Story::injected().await);
    story.apply(&[provider("near"), app("app", "")].join("---\n")).await;
    story.apply(&policy(&["near"])).await;
    for object in ["deployment/near", "pod/app"] {
        story.ready(object).await;
    }
    let told = says(&story, &[]).await;
    let of = |object: &str| {
        let found = told.iter().find(|it| it["object"] == object);
        found.unwrap_or_else(|| panic!("nothing of {object}: {told:#?}"))["what"].as_str().unwrap()
    };
    // Two replicas of each program, and the application's sidecar.
    let reached = of("probe ports");
    println!("{reached}");
    let asked = reached.split("kubelets, ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(asked.parse::<u32>().unwrap() >= 5, "{reached}");
    assert!(of("a pod that asks for a sidecar, tried").contains("believes it"));

    story.kubectl(&["label", "namespace", &story.namespace, "outrigger.dev/inject-"]).await;
    story.apply(&app("older", "")).await;
    story.ready("pod/older").await;
    story.kubectl(&["label", "namespace", &story.namespace, "outrigger.dev/inject=enabled"]).await;
    let told = says(&story, &["pods_without_sidecar"]).await;
    let bare = told.iter().find(|it| it["code"] == "pods_without_sidecar").unwrap();
    assert!(bare["what"].as_str().unwrap().ends_with("older"), "{bare}");
    story.kubectl(&["delete", "pod", "older", "--grace-period=1"]).await;

    system.kubectl(&["scale", "deployment/outrigger-injector", "--replicas=0"]).await;
    let told = says(&story, &["replicas_not_ready", "webhook_service_not_ready"]).await;
    system.kubectl(&["scale", "deployment/outrigger-injector", "--replicas=2"]).await;
    system.ready("deployment/outrigger-injector").await;
    let refused = told.iter().find(|it| it["code"] == "webhook_service_not_ready").unwrap();
    assert!(refused["what"].as_str().unwrap().contains("every pod that asks for a sidecar is refused"), "{refused}");
    says(&story, &[]).await;
}
