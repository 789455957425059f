//! From kubectl to a sidecar, and back into status.

use crate::harness::*;

/// R-ID-1, R-CFG-6: an edit by kubectl is served within seconds by a pod that has said nothing of itself but its token, and
/// the object says so.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn an_edit_by_kubectl_is_served_and_said_back() {
    let (a, b) = (Upstream::start([chat_ok("a")]).await, Upstream::start([chat_ok("b")]).await);
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.plane().await;
    installed.condition("modelroute/r", "Accepted", "True Accepted").await;
    installed.condition("modelroute/r", "Programmed", "Unknown NoSidecars").await;

    let pod = here.pod("web-0", &[("app", "web"), ("team", "shop")], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    let programmed = installed.condition("modelroute/r", "Programmed", "True Programmed").await;
    assert_eq!(programmed["message"], "1 of 1 sidecar");
    installed.condition("modelprovider/a", "Programmed", "True Programmed").await;

    here.apply(Policy::new().provider("b", b.base_url()).route("r", &["b"]).to_string()).await;
    becomes(&sidecar.client(), "r", "b").await;
    installed.condition("modelroute/r", "Programmed", "True Programmed").await;
    here.kubectl_ok(&["wait", "--for=condition=Programmed", "--timeout=10s", "modelroute/r"]).await;

    let row = plane.fleet().await["sidecars"][0].clone();
    assert_eq!((&row["pod"], &row["owner"], &row["team"]), (&"web-0".into(), &"Pod/web-0".into(), &"shop".into()));
}

/// R-CFG-5, R-CFG-6: an edit that means nothing says so and goes on as it was; a conflict is the newer one's.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn a_broken_object_is_held_and_a_conflict_is_told() {
    let a = Upstream::start([chat_ok("a")]).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    installed.condition("modelroute/r", "Programmed", "True Programmed").await;

    let both = r#"{"set": {"seed": 1}, "remove": ["seed"]}"#;
    let bad = format!(r#"[{{"op": "add", "path": "/spec/targets/0/parameters", "value": {both}}}]"#);
    here.kubectl_ok(&["patch", "modelroute", "r", "--type=json", "--patch", &bad]).await;
    let accepted = installed.condition("modelroute/r", "Accepted", "False Invalid").await;
    assert!(text(&accepted["message"]).contains("spec.targets[0].parameters"), "{accepted}");
    let held = installed.condition("modelroute/r", "Programmed", "False Held").await;
    assert!(text(&held["message"]).contains("since"), "{held}");
    becomes(&sidecar.client(), "r", "a").await;
    // Whoever comes now, with nothing, is told why.
    let other = here.pod("web-1", &[], "default").await;
    let fresh = installed.sidecar(&plane, &other).await.start().await;
    assert_eq!(code(&fresh.client().post(CHAT, chat("r")).await), "policy_broken");

    let newer = Policy::new().route_with("newer", &["a"], |route| route.spec("aliases: [taken]"));
    let older = Policy::new().route_with("older", &["a"], |route| route.spec("aliases: [taken]"));
    here.apply(older.to_string()).await;
    // Which of the two is the older is counted in seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    here.apply(newer.to_string()).await;
    let conflict = installed.condition("modelroute/newer", "Accepted", "False Conflicted").await;
    assert!(text(&conflict["message"]).contains("older"), "{conflict}");
    installed.condition("modelroute/older", "Accepted", "True Accepted").await;
}

/// R-CFG-10: the kinds are uninstalled, and with them every object: traffic goes on. What is applied again counts.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn objects_that_go_with_their_kind_are_held() {
    let (a, b) = (Upstream::start([chat_ok("a")]).await, Upstream::start([chat_ok("b")]).await);
    let cluster = Cluster::alone().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let plane = installed.plane().await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    let revision = sidecar.revision().await;

    cluster.kubectl_ok(&["delete", "crd", "modelroutes.outrigger.dev", "modelproviders.outrigger.dev"]).await;
    wait_for("a policy that is stale", SOON, async || plane.fleet().await["policy"]["stale"].is_object().then_some(()))
        .await;
    assert_eq!(sidecar.revision().await, revision);
    becomes(&sidecar.client(), "r", "a").await;

    cluster.install_crds().await;
    here.apply(Policy::new().provider("b", b.base_url()).route("r", &["b"]).to_string()).await;
    wait_for("the new route", TOLD, async || (told(&sidecar.client(), "r").await == "b").then_some(())).await;
    wait_for("a policy that is the cluster's", 2 * TOLD, async || {
        plane.fleet().await["policy"]["stale"].is_null().then_some(())
    })
    .await;
}

/// An object that was deleted is gone, and an empty policy is a policy.
#[tokio::test]
#[ignore = "needs the API server: cargo xtask test"]
async fn what_is_deleted_is_gone() {
    let a = Upstream::start([chat_ok("a")]).await;
    let cluster = Cluster::shared().await;
    let installed = Installed::new(&cluster).await;
    let here = &installed.namespace;
    // Ready with nothing: otherwise no chart would ever come up.
    let plane = installed.plane().await;
    here.apply(Policy::new().provider("a", a.base_url()).route("r", &["a"]).to_string()).await;
    let pod = here.pod("web-0", &[], "default").await;
    let sidecar = installed.sidecar(&plane, &pod).await.start().await;
    becomes(&sidecar.client(), "r", "a").await;
    here.kubectl_ok(&["delete", "modelroute", "r"]).await;
    wait_for("the end of the route", SOON, async || {
        (code(&sidecar.client().post(CHAT, chat("r")).await) == "model_not_found").then_some(())
    })
    .await;
}
