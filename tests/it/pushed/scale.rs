//! Many sidecars, large policies.

use super::*;

/// R-CFG-1: twenty sidecars of one workload are one compilation, an edit is one more, and all get it.
#[tokio::test]
async fn twenty_sidecars_of_one_workload_are_one_compilation() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let plane = ControlPlane::with_policy(&policy).await;
    let mut sidecars = Vec::new();
    for _ in 0..20 {
        let mut sidecar = plane.sidecar().prepare();
        sidecar.start().await;
        sidecars.push(sidecar);
    }
    for sidecar in &sidecars {
        sidecar.wait_ready().await;
    }
    let compilations = async || plane.metrics().await.sum("outrigger_control_plane_compilations", &[]);
    assert_eq!(compilations().await, 1.0);
    plane.edit(policy.route("new", &["a"]));
    for sidecar in &sidecars {
        becomes(&sidecar.client(), "new", "a", AT_ONCE).await;
    }
    assert_eq!(compilations().await, 2.0);
    assert_eq!(plane.metrics().await.sum("outrigger_control_plane_views", &[]), 1.0);
}

/// K2: ten megabytes of policy arrive and are applied while requests flow as before.
#[tokio::test]
async fn a_policy_of_ten_megabytes_is_applied_under_traffic() {
    let a = Upstream::start([chat_ok("a")]).await;
    let policy = Policy::new().provider("a", a.base_url()).route("r", &["a"]);
    let plane = ControlPlane::with_policy(&policy).await;
    let sidecar = plane.sidecar().keep(Keep::InMemory).start().await;
    let long = "all work and no play makes jack a dull boy ".repeat(120);
    let large = (0..2000).fold(policy, |policy, at| {
        let target = format!("model: {MODEL}, provider: a, parameters: {{set: {{user: \"{at} {long}\"}}}}");
        policy.route_with(&format!("n{at}"), &[], |route| route.target(&target))
    });
    let large = large.to_string();
    assert!(large.len() > 10 << 20, "{}", large.len());
    plane.edit(large);
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    loop {
        let answer = sidecar.client().post(CHAT, chat("r")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        slowest = slowest.max(answer.took);
        if sidecar.log().iter().any(|line| line.contains("policy applied") && line.contains("parts=200")) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "not applied");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(told(&sidecar.client(), "n1999").await, "a");
    // One that waited for it would have waited for most of it.
    let took = begun.elapsed();
    assert!(slowest < Duration::from_millis(250).max(took / 4), "{slowest:?} of {took:?}");
    println!("applied after {:?}, slowest request {slowest:?}", begun.elapsed());
}
