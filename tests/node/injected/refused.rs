//! R-INJ-2, R-INJ-3: who gets no sidecar, and what becomes of pods while nobody injects.

use std::time::Duration;

use super::*;
use crate::harness::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn who_gets_none_is_told_why() {
    let _installed = shared().await;
    let story = Story::injected().await;
    let warned = story.apply(&app("net", "  hostNetwork: true\n")).await;
    assert!(warned.contains("Warning: outrigger: no sidecar (host_network)"), "{warned}");
    let pod = story.get(&["pod", "net"]).await;
    assert!(pod["spec"]["initContainers"].is_null());
    let said = event(&story, "InjectionSkipped", Duration::from_secs(20)).await;
    assert!(said.contains("host_network"), "{said}");
}

/// Injector away: who asks for a sidecar is refused in one sentence, everybody else is let in.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a node: cargo xtask test"]
async fn without_an_injector_labelled_pods_are_refused_and_others_are_not() {
    let _installed = alone().await;
    let (system, story, other) = (Story::of(SYSTEM), Story::injected().await, Story::new().await);
    system.kubectl(&["scale", "deployment/outrigger-injector", "--replicas=0"]).await;
    system
        .kubectl(&["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=injector", "--timeout=60s"])
        .await;
    let words = ["apply", "--server-side", "--filename", "-"];
    let refused = story.try_apply(&words, &app("app", "")).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    let other = other.try_apply(&words, &app("app", "")).await;
    system.kubectl(&["scale", "deployment/outrigger-injector", "--replicas=2"]).await;
    system.ready("deployment/outrigger-injector").await;
    assert!(!refused.status.success() && said.contains("injector.outrigger.dev"), "{said}");
    assert!(other.status.success());
    let_in(&story, &app("app", "")).await;
    story.ready("pod/app").await;
}
