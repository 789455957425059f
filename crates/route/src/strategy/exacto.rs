//! Most reliable first, fastest among equals. OpenRouter's `exacto` ranks by measured tool-call quality; the share of
//! successful attempts is the part of it that one sidecar can measure without reading content.

use super::View;

pub(super) fn score(view: &View<'_>) -> f64 {
    let failures = view.standing.uptime.map_or(f64::NAN, |uptime| 1.0 - f64::from(uptime));
    // Whole percents, so that speed decides among providers that are equally good.
    (failures * 100.0).round()
        + view.standing.latency.map_or(0.5, |latency| f64::from(latency.at[0] / (1.0 + latency.at[0])))
}
