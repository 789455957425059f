//! Both sides killed in the middle of updates.

use super::*;

/// Draws the same numbers at every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// K1, R-CFG-7: whoever is killed whenever, in the end everybody serves the last edit, and no start ever finds a file that it
/// cannot read.
#[tokio::test]
async fn whoever_is_killed_everybody_serves_the_last_edit() {
    let a = Upstream::start([chat_ok("a")]).await;
    let edit = |at: u64| {
        let set = format!("model: {MODEL}, provider: a, parameters: {{set: {{seed: {at}}}}}");
        Policy::new().provider("a", a.base_url()).route_with("r", &[], |route| route.target(&set))
    };
    let mut plane = ControlPlane::with_policy(edit(0)).await;
    let mut sidecars =
        [plane.sidecar().keep(Keep::InMemory).start().await, plane.sidecar().keep(Keep::OnDisk).start().await];
    let mut draws = Draws(7);
    for at in 1..=10 {
        plane.edit(edit(at));
        // Of what an edit takes: seen within 250 ms, then sent, applied, written.
        tokio::time::sleep(Duration::from_millis(draws.below(400))).await;
        match draws.below(3) {
            0 => plane.restart().await,
            which => drop(sidecars[usize::try_from(which - 1).unwrap()].restart().await),
        }
        for sidecar in &sidecars {
            let answer = told(&sidecar.client(), "r").await;
            // One that has lost its keys with its memory may wait for the control plane.
            assert!(answer == "a" || answer == "credentials_pending", "{answer} at {at}");
        }
    }
    for sidecar in &sidecars {
        let last = async || told(&sidecar.client(), "r").await == "a" && a.last().json()["seed"] == 10;
        until("the last edit", PATIENCE, last).await;
        let lost = sidecar.log().into_iter().find(|line| line.contains("policy_lost"));
        assert_eq!(lost, None);
    }
}
