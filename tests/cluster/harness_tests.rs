//! That the pieces of the harness are what they say.

use std::time::Duration;

use crate::harness::*;

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_api_is_served_in_the_version_that_was_built() {
    let cluster = Cluster::shared().await;
    let version: serde_json::Value =
        serde_json::from_str(&cluster.kubectl_ok(&["get", "--raw", "/version"]).await).expect("JSON");
    assert_eq!((&version["major"], &version["minor"]), (&"1".into(), &"36".into()), "{version}");
    assert!(version["gitVersion"].as_str().is_some_and(|version| version.starts_with("v1.36.")), "{version}");
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_kinds_are_accepted_without_a_warning() {
    let cluster = Cluster::shared().await;
    let warnings = cluster.install_crds().await;
    assert_eq!(warnings, "");
    let served = cluster.get(&["crds"]).await;
    let ours = served["items"].as_array().expect("a list");
    let ours: Vec<_> = ours.iter().filter(|crd| crd["spec"]["group"] == "outrigger.dev").collect();
    assert!(!ours.is_empty());
    for crd in ours {
        let conditions = crd["status"]["conditions"].as_array().expect("a list");
        let state = |wanted: &str| {
            let found = conditions.iter().find(|condition| condition["type"] == wanted);
            found.map(|condition| condition["status"].as_str().unwrap_or_default().to_owned())
        };
        let name = &crd["metadata"]["name"];
        assert_eq!((state("Established"), state("NonStructuralSchema")), (Some("True".to_owned()), None), "{name}");
    }
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn policy_of_the_other_stories_can_be_applied_as_it_is() {
    let cluster = Cluster::shared().await;
    cluster.crds().await;
    let namespace = cluster.namespace().await;
    let policy = Policy::new().provider("a", "http://127.0.0.1:9/v1").route("r", &["a"]);
    assert_eq!(namespace.apply(policy).await, "");
    let found = namespace.get(&["modelproviders,modelroutes"]).await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(2), "{found}");
    let refused = namespace
        .try_apply("apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {name: b}\nspec: {}")
        .await;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("without a preset"), "{said}");
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_token_bound_to_a_pod_says_which() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace().await;
    namespace.account("web").await;
    let pod = namespace.pod("web-0", &[("app", "web")], "web").await;
    let token = namespace.pod_token(&pod, "outrigger").await;

    let review = cluster.review(&token, "outrigger").await;
    let user = &review["user"];
    assert_eq!(review["authenticated"], true, "{review}");
    assert_eq!(user["username"], format!("system:serviceaccount:{}:web", namespace.name));
    assert_eq!(user["extra"]["authentication.kubernetes.io/pod-name"][0], pod.name);
    assert_eq!(user["extra"]["authentication.kubernetes.io/pod-uid"][0], pod.uid);

    let other = cluster.review(&token, "somebody-else").await;
    assert_ne!(other["authenticated"], true, "{other}");

    // For ten seconds the API server takes a token for good again without looking.
    namespace.delete_pod(&pod).await;
    wait_for("a token that is refused", Duration::from_secs(20), async || {
        (cluster.review(&token, "outrigger").await["authenticated"] != true).then_some(())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_service_account_may_do_what_it_was_allowed() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace().await;
    namespace.account("reader").await;
    namespace.allow("reader", "- {apiGroups: [\"\"], resources: [pods], verbs: [list]}").await;
    namespace.allow_everywhere("reader", "- {apiGroups: [\"\"], resources: [nodes], verbs: [list]}").await;
    let kubeconfig = namespace.kubeconfig("reader").await;
    let may = async |words: &[&str]| {
        let words = [&["auth", "can-i", "--kubeconfig", &kubeconfig], words].concat();
        cluster.kubectl(&words).await.status.success()
    };
    assert!(may(&["list", "pods"]).await);
    assert!(may(&["list", "nodes"]).await);
    assert!(!may(&["list", "secrets"]).await);
    assert!(!may(&["list", "pods", "--namespace", "default"]).await);
}

#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_api_server_can_be_away_and_keeps_its_objects() {
    let cluster = Cluster::alone().await;
    let namespace = cluster.namespace().await;
    namespace.kubectl_ok(&["create", "configmap", "kept", "--from-literal=a=b"]).await;
    cluster.kill_api().await;
    assert!(!namespace.kubectl(&["get", "configmap", "kept"]).await.status.success());
    cluster.start_api().await;
    assert_eq!(namespace.get(&["configmap", "kept"]).await["data"]["a"], "b");
    // The same ports and keys: who was known is known again, and controllers go on.
    namespace.kubectl_ok(&["create", "deployment", "d", "--image", "nobody.runs.this"]).await;
    wait_for("a pod of the deployment", Duration::from_secs(30), async || {
        let pods = namespace.get(&["pods"]).await;
        pods["items"].as_array().is_some_and(|pods| !pods.is_empty()).then_some(())
    })
    .await;
}

/// With today's policy folder; what it takes to read a cluster is one more list of words.
#[tokio::test]
#[ignore = "run with the stories that need the API server: cargo xtask test"]
async fn a_control_plane_a_sidecar_and_a_provider_meet() {
    let provider = Upstream::start([chat_ok("hello")]).await;
    let pushed = ControlPlane::with_policy(Policy::new().provider("a", provider.base_url()).route("r", &["a"])).await;
    let folder = pushed.policy_folder();
    let state = folder.with_file_name("state");
    let words = ["--policy", folder.to_str().expect("a path"), "--state", state.to_str().expect("a path")];
    let plane = control_plane(&words).await;
    let sidecar = plane.sidecar(pushed.token("default", &[]), pushed.ca_file()).start().await;
    assert_eq!(sidecar.client().post("/v1/chat/completions", chat("r")).await.status, 200);
    assert_eq!(provider.hits(), 1);
}
