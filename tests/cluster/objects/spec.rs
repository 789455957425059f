//! Specs that are accepted: what is filled in, and who owns what.

use std::{fs, path::Path};

use super::*;

/// What a person left out and what the API server wrote there.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn defaults_are_filled_in() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let here = namespace.name.as_str();
    namespace
        .apply(
            object("ModelRoute", here, "r", "{targets: [{model: a}], failover: {}, stickiness: {}, constraints: {}}")
                + "---\n"
                + &object(
                    "ModelProvider",
                    here,
                    "p",
                    "{preset: openai, allowedNamespaces: {}, credentials: [{name: k, secretKeyRef: {name: s, key: k}}]}",
                )
                + "---\n"
                + &object("ModelPolicy", here, "l", "{}"),
        )
        .await;
    let spec = async |kind, name| namespace.get(&[kind, name]).await["spec"].take();
    assert_eq!(
        spec("modelroute", "r").await,
        serde_json::json!({
            "targets": [{"model": "a", "priority": 0, "weight": 1}],
            "strategy": "Priority",
            "failover": {"continueOnBreak": "Never"},
            "stickiness": {"mode": "Auto"},
            "constraints": {"zeroDataRetention": false, "denyTraining": false, "requireParameters": false},
        })
    );
    assert_eq!(
        spec("modelprovider", "p").await,
        serde_json::json!({
            "preset": "openai",
            "allowedNamespaces": {"from": "Same"},
            "credentials": [{"name": "k", "secretKeyRef": {"name": "s", "key": "k"}, "weight": 1}],
        })
    );
    assert_eq!(spec("modelpolicy", "l").await, serde_json::json!({"bareModels": "Allow"}));
}

/// Two who manage one key each of one provider: neither takes away the other's, and each may give up its own.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn two_managers_own_a_credential_each() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let apply = async |manager: &str, keys: &str| {
        let spec = format!("{{preset: openai, credentials: [{keys}]}}");
        let words = ["apply", "--server-side", "--field-manager", manager, "--filename", "-"];
        let yaml = object("ModelProvider", &namespace.name, "shared", &spec);
        accepted(&cluster.kubectl_with(&words, &yaml).await, manager);
        let now = namespace.get(&["modelprovider", "shared"]).await;
        let keys = now["spec"]["credentials"].as_array().cloned().unwrap_or_default();
        keys.iter().map(|key| format!("{} {}", key["name"].as_str().unwrap(), key["weight"])).collect::<Vec<_>>()
    };
    let key =
        |name: &str, weight: u32| format!("{{name: {name}, secretKeyRef: {{name: s, key: {name}}}, weight: {weight}}}");
    assert_eq!(apply("team-a", &key("a", 1)).await, ["a 1"]);
    assert_eq!(apply("team-b", &key("b", 2)).await, ["a 1", "b 2"]);
    assert_eq!(apply("team-a", &key("a", 9)).await, ["a 9", "b 2"]);
    assert_eq!(apply("team-b", "").await, ["a 9"]);
}

/// The weight of somebody else's key is not changed without being asked twice.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn another_managers_credential_is_a_conflict() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let spec = |weight: u32| {
        let key = format!("{{name: a, secretKeyRef: {{name: s, key: a}}, weight: {weight}}}");
        object("ModelProvider", &namespace.name, "mine", &format!("{{preset: openai, credentials: [{key}]}}"))
    };
    let words = |manager| ["apply", "--server-side", "--field-manager", manager, "--filename", "-"];
    accepted(&cluster.kubectl_with(&words("team-a"), &spec(1)).await, "team-a");
    let said = refusal(&cluster.kubectl_with(&words("team-b"), &spec(2)).await);
    assert!(said.contains("conflict with \"team-a\"") && said.contains("credentials[name=\"a\"].weight"), "{said}");
}

/// What we show people works where they will try it.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_examples_are_accepted() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples");
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let text =
            ["demo", "shop", "outrigger-system", "team-search", "team-support"].iter().fold(text, |text, own| {
                text.replace(&format!("namespace: {own}"), &format!("namespace: {}", namespace.name))
            });
        for words in [&["apply", "--dry-run=server"][..], &["apply", "--dry-run=server", "--server-side"], &["create"]]
        {
            let output = cluster.kubectl_with(&[words, &["--filename", "-"]].concat(), &text).await;
            accepted(&output, &path.display().to_string());
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", path.display());
        }
        namespace.kubectl_ok(&["delete", "secrets,outrigger", "--all"]).await;
        tried += 1;
    }
    assert!(tried >= 5, "{tried}");
}
