//! Who a sidecar is: its pod, by the token that is mounted into it.

use crate::harness::*;

/// R-ID-1: a token of another audience, of no pod, of somebody else's API server, and none: each is refused in words.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_token_that_is_not_a_pods_for_us_is_refused() {
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let ca = installed.ca_file(here).await;
    let unbound = here.kubectl_ok(&["create", "token", "default", "--audience", AUDIENCE]).await;
    for (token, code) in [
        (here.pod_token(&pod, "somebody-else").await, "token_wrong_audience"),
        (unbound, "token_not_bound"),
        ("nonsense".to_owned(), "token_malformed"),
    ] {
        let mut sidecar = plane.sidecar(token, ca.clone()).prepare();
        sidecar.start().await;
        sidecar.wait_log(code).await;
    }
}

/// R-ID-2: a pod that is deleted is nobody, and its stream ends; a new one of that name is another.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_stream_of_a_deleted_pod_ends() {
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let a = Upstream::start([chat_ok("a")]).await;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    here.delete_pod(&pod).await;
    wait_for("the end of its stream", SOON, async || {
        (plane.fleet().await["sidecars"].as_array().expect("a list").is_empty()).then_some(())
    })
    .await;
    sidecar.wait_log("pod_gone").await;
    // What it holds it goes on with: the pod decides when it ends.
    becomes(&sidecar.client(), "r", "a").await;
}

/// K6: labels say which policy holds; a pod that gets others goes over to it without a new stream.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_pod_that_is_relabelled_moves_to_its_new_view() {
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let a = Upstream::start([chat_ok("a")]).await;
    let only = "workloads: {selector: {matchLabels: {tier: gold}}}";
    let policy = Policy::new().provider("a", a.base_url()).route_with("r", &["a"], |route| route.spec(only));
    here.apply(policy.to_string()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[("tier", "lead")], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    assert_eq!(code(&sidecar.client().post(CHAT, chat("r")).await), "route_not_for_workload");
    here.kubectl_ok(&["label", "pod", "web-0", "tier=gold", "--overwrite"]).await;
    becomes(&sidecar.client(), "r", "a").await;
    here.kubectl_ok(&["label", "pod", "web-0", "tier-"]).await;
    wait_for("the end of its right", SOON, async || {
        (code(&sidecar.client().post(CHAT, chat("r")).await) == "route_not_for_workload").then_some(())
    })
    .await;
    let lines = sidecar.log();
    let answers = lines.iter().filter(|line| line.contains("the control plane answers")).count();
    assert_eq!(answers, 1, "it was connected anew");
}

/// Z-rows: a pod of another namespace gets neither policy nor key, whatever it says.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_pod_of_another_namespace_gets_neither_policy_nor_key() {
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let (here, other) = (&installed.namespace, cluster.namespace().await);
    let a = Upstream::start([chat_ok("a")]).await;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.replica(&["--watch-namespace", &other.name]).await;
    let pod = other.pod("web-0", &[], "default").await;
    let token = other.pod_token(&pod, AUDIENCE).await;
    let sidecar = plane.sidecar(token, installed.ca_file(here).await).keep(Keep::InMemory).start().await;
    assert_eq!(code(&sidecar.client().post(CHAT, chat("r")).await), "no_route");
    let held = sidecar.config().await.to_string();
    assert!(!held.contains("sk-test") && !held.contains(&here.name), "{held}");
    let row = plane.fleet().await["sidecars"][0].clone();
    assert_eq!((&row["namespace"], &row["credentials"]), (&other.name.as_str().into(), &serde_json::json!({})));
}
