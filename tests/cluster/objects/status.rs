//! The conditions of an object, before anybody has written one and after.

use super::*;

/// Every condition as `type status reason message`.
fn told(object: &serde_json::Value) -> Vec<String> {
    let words = ["type", "status", "reason", "message"];
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.iter().map(|it| words.map(|word| it[word].as_str().unwrap_or_default()).join(" ")).collect()
}

const WAITING: &str = "Unknown Pending Waiting for the control plane";

/// Where no control plane runs an object says so, and a wait for it ends in time.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn conditions_wait_for_a_control_plane() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let here = namespace.name.as_str();
    for (kind, spec, types) in [
        ("ModelProvider", "{preset: openai}", &["Accepted", "ResolvedRefs", "Programmed"][..]),
        ("ModelRoute", "{targets: [{model: a}]}", &["Accepted", "ResolvedRefs", "Programmed"]),
        ("ModelPolicy", "{}", &["Accepted", "Programmed"]),
    ] {
        namespace.apply(object(kind, here, "x", spec)).await;
        let found = namespace.get(&[kind, "x"]).await;
        assert_eq!(told(&found), types.iter().map(|word| format!("{word} {WAITING}")).collect::<Vec<_>>());
        let since = &found["status"]["conditions"][0]["lastTransitionTime"];
        assert_eq!(since, "1970-01-01T00:00:00Z");
        // Whoever edits the object decides nothing of its status.
        let own = format!("{}status: {{conditions: []}}\n", object(kind, here, "x", spec));
        accepted(&cluster.kubectl_with(&["replace", "--filename", "-"], &own).await, kind);
        assert_eq!(told(&namespace.get(&[kind, "x"]).await).len(), types.len());
    }
}

/// What the control plane writes takes their place, one owner for each condition.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn conditions_that_are_written_replace_those_that_wait() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    namespace.apply(object("ModelRoute", &namespace.name, "x", "{targets: [{model: a}]}")).await;
    let write = async |manager: &str, conditions: &[(&str, &str)]| {
        let conditions: Vec<String> = conditions
            .iter()
            .map(|(kind, message)| {
                let reason = kind.rsplit('/').next().unwrap_or_default();
                format!(
                    "{{type: {kind}, status: 'True', reason: {reason}, message: '{message}', \
                     lastTransitionTime: '2026-01-02T03:04:05Z', observedGeneration: 1}}"
                )
            })
            .collect();
        let yaml = format!(
            "apiVersion: outrigger.dev/v1alpha1\nkind: ModelRoute\nmetadata: {{name: x, namespace: {}}}\n\
             status: {{conditions: [{}]}}\n",
            namespace.name,
            conditions.join(", ")
        );
        let words = ["apply", "--server-side", "--subresource=status", "--field-manager", manager, "--filename", "-"];
        cluster.kubectl_with(&words, &yaml).await
    };
    let all = [("Accepted", "good"), ("ResolvedRefs", "found"), ("Programmed", "412 of 412 sidecars")];
    accepted(&write("outrigger.dev/status", &all).await, "a status");
    let found = namespace.get(&["modelroute", "x"]).await;
    assert_eq!(
        told(&found),
        [
            "Accepted True Accepted good",
            "ResolvedRefs True ResolvedRefs found",
            "Programmed True Programmed 412 of 412 sidecars"
        ]
    );
    assert_eq!(found["metadata"]["generation"], 1);
    accepted(&write("somebody", &[("example.com/Checked", "too")]).await, "a condition of somebody else");
    assert_eq!(told(&namespace.get(&["modelroute", "x"]).await).len(), 4);
    let bad = refusal(&write("somebody", &[("No Name", "x")]).await);
    assert!(bad.contains("status.conditions[") && bad.contains("].type"), "{bad}");
    namespace.kubectl_ok(&["wait", "modelroute/x", "--for=condition=Programmed", "--timeout=10s"]).await;
    let wide = namespace.kubectl_ok(&["get", "modelroute", "x", "--output", "wide"]).await;
    assert!(wide.contains("412 of 412 sidecars"), "{wide}");
}
