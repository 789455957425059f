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
    until("a page of each", PATIENCE, async || pages().await >= 3.0 * sidecars as f64).await;
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
    until("twelve requests of the fleet", AT_ONCE, counted).await;
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

/// M2: a sidecar that starts anew, and one that comes from another replica, add what they are seen to count and nothing twice;
/// the sum over replicas never falls.
#[tokio::test(flavor = "multi_thread")]
async fn restarts_and_moves_add_nothing_of_their_own() {
    let upstream = Upstream::with(|_: &Request, _| chat_ok("a")).await;
    let one = asking(Policy::new().provider("a", upstream.base_url()).route("r", &["a"])).start().await;
    let other = one.replica_with(&["--scrape-interval", "200ms"]).await;
    let of_fleet = async || one.metrics().await.sum(OF_FLEET, &[]) + other.metrics().await.sum(OF_FLEET, &[]);
    let (mut a, b) = (shown(&one, "default", "red").start().await, shown(&other, "default", "red").start().await);
    let ask = async |sidecar: &PushedSidecar, requests: usize| {
        for _ in 0..requests {
            sidecar.client().post(CHAT, chat("r")).await;
        }
    };
    seen(&one, 1).await;
    seen(&other, 1).await;
    ask(&a, 3).await;
    ask(&b, 2).await;
    until("five requests", AT_ONCE, async || of_fleet().await == 5.0).await;
    // Another process, which has counted something before anybody has looked.
    a.restart().await;
    a.wait_ready().await;
    ask(&a, 1).await;
    let pages = one.metrics().await.sum(PAGES, &[("outcome", "ok")]);
    let looked = async || one.metrics().await.sum(PAGES, &[("outcome", "ok")]) >= pages + 2.0;
    until("pages of the new process", PATIENCE, looked).await;
    let before = of_fleet().await;
    // Whether the one before its first page was seen is chance; those before the restart are there once.
    assert!((5.0..=6.0).contains(&before), "{before}");
    ask(&a, 4).await;
    until("four more", AT_ONCE, async || of_fleet().await == before + 4.0).await;
    assert_eq!(one.metrics().await.sum("outrigger_fleet_sidecars", &[]), 1.0);
}

/// A dead or slow sidecar costs its own row: the others are counted as ever, and what is the case there is known no more.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_keeps_nobody_from_being_counted() {
    let upstream = Upstream::with(|_: &Request, _| chat_ok("a")).await;
    let plane = asking(Policy::new().provider("a", upstream.base_url()).route("r", &["a"])).start().await;
    let (good, hangs) = (shown(&plane, "default", "red").start().await, shown(&plane, "other", "red").start().await);
    // It has no such listener, and is asked nowhere.
    let mute = plane.sidecar().start().await;
    seen(&plane, 2).await;
    hangs.freeze();
    until("one that is late", PATIENCE, async || plane.metrics().await.has(PAGES, &[("outcome", "late")])).await;
    for _ in 0..6 {
        good.client().post(CHAT, chat("r")).await;
    }
    let counted = async || plane.metrics().await.sum(OF_FLEET, &[("namespace", "default")]) == 6.0;
    until("six requests of the one that answers", AT_ONCE, counted).await;
    let metrics = plane.metrics().await;
    assert!(metrics.sum(PAGES, &[("outcome", "nowhere")]) > 0.0);
    assert_eq!(metrics.sum("outrigger_fleet_sidecars", &[]), 3.0);
    hangs.thaw();
    drop(mute);
}

/// `outrigger top` prints a table where nobody looks at a terminal, and refuses to guess where pods are read by others.
#[tokio::test(flavor = "multi_thread")]
async fn top_shows_what_is_going_on_by_workload() {
    let upstream = Upstream::with(|_: &Request, _| chat_ok("a")).await;
    let plane = asking(Policy::new().provider("a", upstream.base_url()).route("r", &["a"])).start().await;
    let sidecar = shown(&plane, "default", "red").start().await;
    seen(&plane, 1).await;
    for _ in 0..3 {
        sidecar.client().post(CHAT, chat("r")).await;
    }
    until("three requests", AT_ONCE, async || plane.metrics().await.sum(OF_FLEET, &[]) == 3.0).await;
    let (code, table, said) = plane.top_command(&[]).await;
    let row: Vec<&str> = table.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!((code, said.as_str(), &row[..5]), (0, "", &["default", "-", "red", "1", "0"][..]), "{table}");
    let (code, json, _) = plane.top_command(&["--once", "-o", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["workloads"][0]["requests"], &json["replicas"]), (0, &3.0.into(), &1.into()), "{json}");
    let (_, none, _) = plane.top_command(&["--namespace", "other"]).await;
    assert!(!none.contains("default"), "{none}");

    let pods = plane.replica_with(&["--metrics-from", "pods"]).await;
    let metrics = pods.admin_client().get("/metrics").await.text();
    assert!(!metrics.contains("outrigger_fleet_requests_total"), "{metrics}");
    let (code, _, said) = pods.top_command(&[]).await;
    assert!(code == 1 && said.contains("--metrics-from pods") && said.contains("Prometheus"), "{code} {said}");
}
