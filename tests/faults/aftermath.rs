//! What holds of a sidecar that has been through it: everything is given back, everything is counted once, it answers on
//! every surface, and nobody heard the key.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    harness::{Metrics, Sidecar},
    peer::KEY,
    report::{Cell, Verdict},
    run::{Place, company},
    surfaces::SURFACES,
};

/// How long what is given back may take to be so.
const SOON: Duration = Duration::from_secs(5);

/// What is wrong with it; so many requests were made at each of the places, of which came the cells.
pub async fn aftermath(sidecar: &mut Sidecar, places: &[Place], cells: &[Cell], requests: usize) -> Vec<String> {
    if !sidecar.is_running() {
        return vec!["the sidecar has ended".to_owned()];
    }
    let mut faults = open_still(places).await;
    let begun = Instant::now();
    let (page, metrics) = loop {
        let page = sidecar.admin_client().get("/metrics").await.text();
        let metrics = Metrics::parse(&page);
        let held = ["outrigger_requests_in_flight", "outrigger_buffered_bytes"].map(|family| metrics.sum(family, &[]));
        if held == [0.0, 0.0] {
            break (page, metrics);
        }
        if begun.elapsed() > SOON {
            faults.push(format!("requests in flight and bytes that are held: {held:?}"));
            break (page, metrics);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    faults.extend(counted(&metrics, places, cells, requests));
    faults.extend(ill(sidecar).await);
    let told = page + &sidecar.log().join("\n");
    if told.contains(KEY) {
        faults.push("the key is in the log or the metrics".to_owned());
    }
    if told.contains("panicked") || metrics.sum("outrigger_panics_total", &[]) > 0.0 {
        faults.push("the sidecar panicked".to_owned());
    }
    faults
}

/// Connections that are neither closed nor kept for the next request.
async fn open_still(places: &[Place]) -> Vec<String> {
    let begun = Instant::now();
    while places.iter().any(|place| place.bad.busy() > 0) && begun.elapsed() < SOON {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let open = places.iter().filter(|place| place.bad.busy() > 0);
    let told = |place: &Place| {
        format!("{}, {}: {} connections are still open", place.surface.name, company(place.second), place.bad.busy())
    };
    open.map(told).collect()
}

/// Surfaces that are not answered any more where all is well.
async fn ill(sidecar: &Sidecar) -> Vec<String> {
    let asking = SURFACES.iter().enumerate().map(|(at, surface)| {
        let (kind, body) = surface.caller.request(&format!("g{at}"), surface.streamed, 8);
        let client = sidecar.client().header("content-type", &kind);
        tokio::spawn(async move { client.post(surface.caller.path(), body).await })
    });
    let mut faults = Vec::new();
    for (asked, surface) in asking.collect::<Vec<_>>().into_iter().zip(SURFACES) {
        let answer = asked.await.unwrap();
        // Whoever is good says so.
        if answer.status != 200 || !answer.text().contains("good") {
            faults.push(format!("{} is not answered any more: {} {}", surface.name, answer.status, answer.text()));
        }
    }
    faults
}

/// Each request is counted once, and each attempt that its caller was told of.
fn counted(metrics: &Metrics, places: &[Place], cells: &[Cell], requests: usize) -> Vec<String> {
    let asked = by_route(metrics, "outrigger_requests_total{");
    let attempts = by_route(metrics, "outrigger_attempts_total{");
    let mut faults = Vec::new();
    for (place, cell) in places.iter().zip(cells) {
        let route = format!("default/{}", place.route);
        let of = |counts: &HashMap<&str, f64>| counts.get(&*route).copied().unwrap_or_default();
        let (seen, due) = ((of(&asked), of(&attempts)), (requests as f64, f64::from(cell.attempts)));
        if seen != due && !matches!(cell.verdict, Verdict::Failed(_)) {
            faults.push(format!("{}: {seen:?} requests and attempts are counted instead of {due:?}", cell.surface));
        }
    }
    faults
}

/// The sums of a family by route.
fn by_route<'m>(metrics: &'m Metrics, family: &str) -> HashMap<&'m str, f64> {
    let mut sums = HashMap::new();
    for (series, value) in metrics.0.range(family.to_owned()..).take_while(|(series, _)| series.starts_with(family)) {
        let route = series.split_once("route=\"").and_then(|(_, rest)| rest.split_once('"'));
        *sums.entry(route.map_or("", |(route, _)| route)).or_default() += value;
    }
    sums
}
