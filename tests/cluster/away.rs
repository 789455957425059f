//! What goes on while something is away.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::harness::*;

/// The API server restarts: traffic and streams go on, and what is edited behind it comes.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn the_api_server_may_restart() {
    let (a, b) = (Upstream::with(|_, _| chat_ok("a")).await, Upstream::with(|_, _| chat_ok("b")).await);
    let cluster = Cluster::alone().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.keep(Keep::InMemory).start().await;
    becomes(&sidecar.client(), "r", "a").await;
    cluster.kill_api().await;
    // A token that is known is good for as long as nobody says otherwise.
    let mut sidecar = sidecar;
    sidecar.restart().await;
    becomes(&sidecar.client(), "r", "a").await;
    wait_for("the same sidecar", SOON, async || {
        (plane.fleet().await["sidecars"].as_array().expect("a list").len() == 1).then_some(())
    })
    .await;
    cluster.start_api().await;
    here.apply(Policy::new().provider("b", b.base_url()).route("r", &["b"]).to_string()).await;
    wait_for("the edit", TOLD, async || (told(&sidecar.client(), "r").await == "b").then_some(())).await;
    installed.condition_within("modelroute/r", "Programmed", "True Programmed", 2 * TOLD).await;
}

/// R-CFG-7: the sidecar is killed while the control plane is away: it serves what it had.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_sidecar_restarts_without_a_control_plane() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let mut plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let mut sidecar = installed.sidecar(&plane, &pod).await.keep(Keep::InMemory).start().await;
    becomes(&sidecar.client(), "r", "a").await;
    plane.kill();
    sidecar.restart().await;
    becomes(&sidecar.client(), "r", "a").await;
    plane.start().await;
    plane.wait_ready(Duration::from_secs(30)).await;
    wait_for("its coming back", TOLD, async || {
        (plane.fleet().await["sidecars"].as_array().expect("a list").len() == 1).then_some(())
    })
    .await;
}

/// R-CFG-6: two replicas: one writes, what both have is added up, and the other goes on writing when it is gone.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn two_replicas_are_one() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let mut first = installed.plane().await;
    let address = first.url().replace("https://", "");
    let second = installed.replica(&["--peer", &address]).await;
    let pods = (here.pod("web-0", &[], "default").await, here.pod("web-1", &[], "default").await);
    let of_first = installed.sidecar(&first, &pods.0).await.start().await;
    let of_second = installed.sidecar(&second, &pods.1).await.start().await;
    // The first leads, and was not told of the other.
    installed.condition("modelroute/r", "Programmed", "True Programmed").await;
    drop(of_first);
    first.kill();
    let gone = installed.condition_within("modelroute/r", "Programmed", "Unknown PeerUnreachable", 3 * TOLD).await;
    assert!(!text(&gone["message"]).is_empty());
    first.start().await;
    first.wait_ready(Duration::from_secs(30)).await;
    let both = installed.condition_within("modelroute/r", "Programmed", "True Programmed", 2 * TOLD).await;
    assert_eq!(both["message"], "1 of 1 sidecar");
    let other = installed.sidecar(&first, &pods.0).await.start().await;
    wait_for("both", 3 * TOLD, async || {
        let route = here.get(&["modelroute/r"]).await;
        let conditions = route["status"]["conditions"].as_array()?.clone();
        conditions.iter().any(|it| it["message"] == "2 of 2 sidecars").then_some(())
    })
    .await;
    drop((other, of_second));
}

/// R-CFG-7, K1: a route is applied, and what its pods start with is there; the control plane stops; a pod that never had one
/// serves what needs no key; with the control plane back it serves the rest.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_fresh_pod_starts_without_a_control_plane() {
    let (keyed, free) = (Upstream::with(|_, _| chat_ok("keyed")).await, Upstream::with(|_, _| chat_ok("free")).await);
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let provider = format!(
        "apiVersion: outrigger.dev/v1alpha1\nkind: ModelProvider\nmetadata: {{name: free, namespace: default}}\nspec: \
         {{dialects: [ChatCompletions, Responses], baseURL: {:?}, models: [{{model: {MODEL}, upstreamName: m}}]}}",
        free.base_url()
    );
    let policy = Policy::new().provider("keyed", keyed.base_url()).route("keyed", &["keyed"]).route("free", &["free"]);
    here.apply(policy.document(&provider).to_string()).await;
    let mut plane = installed.plane().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mounted = async || {
        let found = here.kubectl(&["get", "configmap", "outrigger-bootstrap", "--output", "json"]).await;
        let map: serde_json::Value = serde_json::from_slice(&found.stdout).ok()?;
        // The one of a policy with both routes, as soon as that is what is left.
        let binary = map["binaryData"].as_object()?.clone();
        let place = folder.path().join("0");
        std::fs::create_dir_all(&place).ok()?;
        for (name, bytes) in &binary {
            std::fs::write(place.join(name), BASE64_STANDARD.decode(bytes.as_str()?).ok()?).ok()?;
        }
        std::fs::write(place.join("written"), map["data"]["written"].as_str()?).ok()?;
        Some((map["metadata"]["resourceVersion"].clone(), binary.len()))
    };
    let (version, files) = wait_for("what pods start with", TOLD, &mounted).await;
    assert_eq!(files, 2, "an index, and the view that all share");
    let (pod, other) = (here.pod("web-0", &[("app", "web")], "default").await, here.pod("web-1", &[], "default").await);
    let setup = installed.sidecar(&plane, &pod).await.keep(Keep::InMemory);
    let mut sidecar = setup.bootstrap(folder.path(), &here.name, &[("app", "web")]).prepare();
    // Another that comes and goes is no reason to write the same again.
    let connected = installed.sidecar(&plane, &other).await.start().await;
    becomes(&connected.client(), "keyed", "keyed").await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(mounted().await.expect("it is there").0, version);
    let metrics = plane.metrics().await;
    assert!(metrics.sum("outrigger_control_plane_bootstraps", &[("state", "written")]) >= 1.0);
    assert_eq!(metrics.sum("outrigger_control_plane_bootstraps", &[("state", "refused")]), 0.0);
    drop(connected);
    plane.kill();

    sidecar.start().await;
    assert_eq!(sidecar.admin_client().get("/readyz").await.status, 200);
    assert_eq!(told(&sidecar.client(), "free").await, "free");
    let waits = sidecar.client().post(CHAT, chat("keyed")).await;
    assert_eq!((waits.status, code(&waits)), (503, "credentials_pending"));
    assert!(waits.header("retry-after").is_some());
    plane.start().await;
    becomes(&sidecar.client(), "keyed", "keyed").await;
}

/// R-CFG-8: a pod that came before there was any policy is ready, and served within seconds of the first route.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_pod_may_come_before_the_first_route() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    assert_eq!(code(&sidecar.client().post(CHAT, chat("r")).await), "no_route");
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let begun = std::time::Instant::now();
    becomes(&sidecar.client(), "r", "a").await;
    println!("served {:?} after the first route", begun.elapsed());
}

/// A policy above the bound is left to no pod, which is said where the namespace is looked at; the control plane serves it.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_policy_that_is_too_large_to_start_with_is_said() {
    let a = Upstream::with(|_, _| chat_ok("a")).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    // Nothing makes these smaller than half.
    let mut state = 1_u64;
    let mut noise = |digits: usize| {
        let more = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{:08x}", state >> 32)
        };
        std::iter::repeat_with(more).take(digits / 8).collect::<String>()
    };
    let mut policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    for at in 0..150 {
        let set = format!("parameters: {{set: {{user: \"{}\"}}}}", noise(4096));
        let target = format!("model: {MODEL}, provider: a, {set}");
        policy = policy.route_with(&format!("large-{at}"), &[], |route| route.target(&target));
    }
    here.apply(policy.to_string()).await;
    let plane = installed.plane().await;
    let event = wait_for("an event on the namespace", TOLD, async || {
        let events = here.get(&["events.events.k8s.io"]).await;
        let all = events["items"].as_array()?.clone();
        all.into_iter().find(|it| it["reason"] == "BootstrapIncomplete")
    })
    .await;
    assert_eq!((text(&event["regarding"]["kind"]), text(&event["regarding"]["name"])), ("Namespace", &*here.name));
    assert!(text(&event["note"]).starts_with("1 of 1 policies"), "{event}");
    let map = here.get(&["configmap", "outrigger-bootstrap"]).await;
    let files: Vec<_> = map["binaryData"].as_object().expect("files").keys().cloned().collect();
    assert_eq!(files, ["index.gz"]);
    assert_eq!(plane.metrics().await.sum("outrigger_control_plane_bootstrap_views", &[("state", "missing")]), 1.0);
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
}
