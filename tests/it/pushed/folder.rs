//! Folders that are emptied, vanish, or hold what is no YAML.

use std::fs;

use super::*;

async fn serving() -> (Upstream, Policy, ControlPlane, PushedSidecar) {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let plane = ControlPlane::with_policy(&policy).await;
    let sidecar = plane.sidecar().start().await;
    (a, policy, plane, sidecar)
}

async fn is_stale(plane: &ControlPlane) {
    plane.wait_fleet("stale", |fleet| fleet["policy"]["stale"]["reason"].is_string()).await;
    assert_eq!(plane.metrics().await.sum("outrigger_control_plane_policy_stale", &[]), 1.0);
}

async fn goes_on(plane: &ControlPlane, sidecar: &PushedSidecar, policy: Policy) {
    plane.edit(policy.route("new", &["a"]));
    becomes(&sidecar.client(), "new", "a", AT_ONCE).await;
    plane.wait_fleet("no longer stale", |fleet| fleet["policy"]["stale"].is_null()).await;
}

/// H9: a folder without policy is none.
#[tokio::test]
async fn an_emptied_folder_changes_nothing() {
    let (_a, policy, plane, sidecar) = serving().await;
    let revision = sidecar.revision().await;
    fs::remove_file(plane.policy_folder().join("policy.yaml")).unwrap();
    is_stale(&plane).await;
    assert_eq!((told(&sidecar.client(), "r").await.as_str(), sidecar.revision().await), ("a", revision));
    assert_eq!(plane.admin_client().get("/readyz").await.status, 200, "it has a policy to give");
    let late = plane.sidecar().start().await;
    assert_eq!(told(&late.client(), "r").await, "a", "a sidecar that comes now gets it too");
    goes_on(&plane, &sidecar, policy).await;
}

/// H9: a folder that is not there is no policy either.
#[tokio::test]
async fn a_folder_that_vanishes_changes_nothing() {
    let (_a, policy, plane, sidecar) = serving().await;
    let (folder, aside) = (plane.policy_folder(), plane.policy_folder().with_extension("aside"));
    fs::rename(&folder, &aside).unwrap();
    is_stale(&plane).await;
    assert_eq!(told(&sidecar.client(), "r").await, "a");
    fs::rename(&aside, &folder).unwrap();
    goes_on(&plane, &sidecar, policy).await;
}

/// H9, R-CFG-10: text that is no YAML takes nothing away, and a control plane that knows nothing else says that it has none
/// rather than half of one.
#[tokio::test]
async fn what_does_not_parse_takes_nothing_away() {
    let (_a, policy, mut plane, sidecar) = serving().await;
    plane.edit(format!("{policy}---\nkind: [ModelPolicy\n"));
    plane.wait_fleet("a problem", |fleet| fleet["policy"]["problems"].to_string().contains("policy.yaml")).await;
    assert_eq!(told(&sidecar.client(), "r").await, "a");

    plane.restart().await;
    let ready = plane.admin_client().get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("policy_pending"), "{}", ready.text());
    assert_eq!(told(&sidecar.client(), "r").await, "a", "sidecars serve on");
    let mut late = plane.sidecar().prepare();
    late.start().await;
    late.wait_log("policy_pending").await;
    assert_eq!(told(&late.client(), "r").await, "policy_pending");

    plane.edit(policy.route("new", &["a"]));
    for sidecar in [&sidecar, &late] {
        becomes(&sidecar.client(), "new", "a", PATIENCE).await;
    }
    assert_eq!(plane.admin_client().get("/readyz").await.status, 200);
}
