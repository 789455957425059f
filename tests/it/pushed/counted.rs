//! What sidecars count, added up by the control plane: `outrigger_fleet_*`.

use super::*;

/// A control plane that asks its sidecars often.
fn asking(policy: impl Into<String>) -> PlaneSetup {
    ControlPlane::setup(policy).arg("--scrape-interval").arg("200ms")
}

/// A sidecar that shows what it counts to the control plane.
fn shown(plane: &ControlPlane, namespace: &str, team: &str) -> PushedSetup {
    let token = plane.token(namespace, &["--team", team]);
    plane.sidecar().token(token).arg("--probe-listen").arg("127.0.0.1:0")
}

const OF_SIDECARS: &str = "outrigger_requests_total";
const OF_FLEET: &str = "outrigger_fleet_requests_total";
const PAGES: &str = "outrigger_fleet_scrapes_total";

/// Waits until each of so many sidecars was seen: what they count from then on is added up.
async fn seen(plane: &ControlPlane, sidecars: usize) {
    let pages = async || plane.metrics().await.sum(PAGES, &[("outcome", "ok")]);
    // Nobody is asked more often than once in an interval, but for the second time, which comes sooner.
    until("a page of each", SOON * 3, async || pages().await >= 3.0 * sidecars as f64).await;
}

/// M2: the figures of the fleet are the sums of what its sidecars have counted, by workload.
#[tokio::test(flavor = "multi_thread")]
async fn what_three_sidecars_count_is_what_the_control_plane_shows() {
    let upstream = Upstream::with(|_: &Request, _| chat_ok("a")).await;
    let plane = asking(Policy::new().provider("a", upstream.base_url()).route("r", &["a"])).start().await;
    let mut sidecars = Vec::new();
    for team in ["red", "red", "blue"] {
        sidecars.push(shown(&plane, "default", team).start().await);
    }
    seen(&plane, sidecars.len()).await;
    for (sidecar, requests) in sidecars.iter().zip([3, 4, 5]) {
        for _ in 0..requests {
            sidecar.client().post(CHAT, chat("r")).await;
        }
    }
    let red = [("namespace", "default"), ("team", "red"), ("outcome", "ok")];
    let blue = [("namespace", "default"), ("team", "blue"), ("outcome", "ok")];
    let counted = async || {
        let metrics = plane.metrics().await;
        (metrics.sum(OF_FLEET, &red), metrics.sum(OF_FLEET, &blue)) == (7.0, 5.0)
    };
    until("twelve requests of the fleet", SOON, counted).await;
    let mut own = 0.0;
    for sidecar in &sidecars {
        own += sidecar.metrics().await.sum(OF_SIDECARS, &[]);
    }
    let metrics = plane.metrics().await;
    assert_eq!(metrics.sum(OF_FLEET, &[]), own);
    let histogram = "outrigger_fleet_request_duration_seconds";
    assert_eq!(metrics.sum(&format!("{histogram}_count"), &[]), own);
    assert_eq!(metrics.sum(&format!("{histogram}_bucket"), &[("le", "+Inf")]), own);
    assert_eq!(metrics.sum("outrigger_fleet_sidecars", &[("team", "red")]), 2.0);
    assert!(metrics.sum("outrigger_fleet_tokens_total", &[("team", "blue"), ("type", "output")]) > 0.0);
    assert!(metrics.sum("outrigger_fleet_series", &[]) > 0.0);
    assert_eq!(metrics.sum("outrigger_fleet_series_dropped_total", &[]), 0.0);
}
