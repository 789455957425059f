//! What the chart permits where keys are mounted, and from whom it keeps what says which.

use serde_json::json;

use super::{helm::helms, release::Gone};
use crate::harness::*;

/// Who may write what a pod mounts.
const CONTROL_PLANE: &str = "outrigger-control-plane";
const INJECTOR: &str = "outrigger-injector";

/// R-CFG-6, least privilege: the injector may get ConfigMaps of one name, only where that is permitted, and no Secret.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_injector_may_look_up_which_keys_and_nothing_else() {
    let cluster = Cluster::alone().await;
    let _gone = Gone(&cluster);
    let (namespace, other) = (cluster.namespace().await, cluster.namespace().await);
    let who = format!("--as=system:serviceaccount:{}:{INJECTOR}", namespace.name);
    let can = async |words: &str| {
        let words: Vec<&str> = words.split(' ').chain(["-n", &other.name, who.as_str()]).collect();
        let output = cluster.kubectl(&[&["auth", "can-i"], &words[..]].concat()).await;
        String::from_utf8_lossy(&output.stdout).trim() == "yes"
    };
    for permitted in [false, true] {
        rendered(&cluster, &namespace, permitted).await;
        assert_eq!(can("get configmaps/outrigger-bootstrap").await, permitted);
        for words in [
            "get configmaps",
            "list configmaps",
            "watch configmaps/outrigger-bootstrap",
            "patch configmaps/outrigger-bootstrap",
            "get configmaps/other",
            "get configmaps/outrigger-bootstrap-1",
            "get secrets",
            "get secrets/openai",
            "list secrets",
            "get modelproviders.outrigger.dev",
            "get modelroutes.outrigger.dev",
            "get modelpolicies.outrigger.dev",
        ] {
            assert!(!can(words).await, "{words}");
        }
    }
}

/// Whoever may write ConfigMaps of a namespace does not say which keys its pods mount, nor where they are sent.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn only_the_control_plane_says_which_keys_are_mounted() {
    let cluster = Cluster::alone().await;
    let _gone = Gone(&cluster);
    let (namespace, other) = (cluster.namespace().await, cluster.namespace().await);
    rendered(&cluster, &namespace, true).await;
    let control_plane = format!("--as=system:serviceaccount:{}:{CONTROL_PLANE}", namespace.name);
    let map = |name: &str, index: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": other.name},
            "binaryData": {"index.gz": index}, "data": {"written": "1"},
        })
        .to_string()
    };
    let write = async |words: &[&str], object: &str| {
        let output = cluster.kubectl_with(&[words, &["--filename", "-"]].concat(), object).await;
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    const NAMES: [&str; 5] = [
        "outrigger-ca",
        "outrigger-bootstrap",
        "outrigger-bootstrap-1",
        "outrigger-bootstrap-2",
        "outrigger-bootstrap-3",
    ];
    // An API server takes a moment to know of a policy.
    wait_for("the policy to hold", SOON, async || {
        write(&["create", "--dry-run=server"], &map(NAMES[1], "AQ==")).await.is_err().then_some(())
    })
    .await;
    let apply = ["apply", "--server-side", "--field-manager=outrigger.dev/bootstrap", &control_plane];
    for name in NAMES {
        let said = write(&["create"], &map(name, "AQ==")).await.unwrap_err();
        assert!(said.contains("the control plane of Outrigger alone writes it"), "{name}: {said}");
        // By whom it should be, as it does it.
        for index in ["AQ==", "Ag=="] {
            assert_eq!(write(&apply, &map(name, index)).await, Ok(()), "{name}");
        }
        let forged = ["apply", "--server-side", "--force-conflicts", "--field-manager=outrigger.dev/bootstrap"];
        let said = write(&forged, &map(name, "Aw==")).await.unwrap_err();
        assert!(said.contains("the control plane of Outrigger alone writes it"), "{name}: {said}");
        let said = write(&["replace"], &map(name, "Aw==")).await.unwrap_err();
        assert!(said.contains("edit ModelProviders and ModelRoutes instead"), "{name}: {said}");
        // What it holds stays: a label is anybody's, and so is its end.
        other.kubectl_ok(&["label", "configmap", name, "team=shop"]).await;
        other.kubectl_ok(&["delete", "configmap", name]).await;
    }
    assert_eq!(write(&["create"], &map("other", "AQ==")).await, Ok(()), "any other is nobody's business");
}

/// The rights of an installation in `namespace`, and the policy that goes with them.
async fn rendered(cluster: &Cluster, namespace: &Namespace<'_>, permitted: bool) {
    let [helm, _] = helms(cluster, namespace);
    let switch = format!("injector.bootstrapSecrets.enabled={permitted}");
    let mut words = vec!["template", "outrigger", "charts/outrigger", "--set", &switch];
    let templates =
        ["templates/injector/rbac.yaml", "templates/control-plane/rbac.yaml", "templates/injector/bootstrap.yaml"];
    let templates = &templates[..if permitted { 3 } else { 2 }];
    words.extend(templates.iter().flat_map(|template| ["--show-only", template]));
    let output = cluster.kubectl_with(&["apply", "--server-side", "--filename", "-"], &helm.ok(&words).await).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
