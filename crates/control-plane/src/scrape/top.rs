//! `GET /fleet/top`: what is going on, by workload, for people and for `outrigger top`.

use outrigger_fleet_metrics::Row;
use serde_json::{Value, json};

use super::Scraper;
use crate::lock::lock;

/// Its path. Whoever may read `/fleet` may read it.
pub(crate) const PATH: &str = "/fleet/top";

impl Scraper {
    /// The page: of this replica's sidecars, each workload.
    pub(crate) fn top(&self) -> Value {
        let rows = lock(&self.sums).top();
        let workloads: Vec<Value> = rows
            .iter()
            .map(|(owner, row)| {
                let Row {
                    sidecars,
                    seen,
                    live,
                    requests_per_second,
                    failovers_per_second,
                    usd_per_second,
                    requests,
                    failovers,
                    usd,
                } = row;
                json!({
                    "namespace": owner.namespace,
                    "workload": owner.workload,
                    "team": owner.team,
                    "sidecars": sidecars,
                    "seen": seen,
                    "live": live,
                    "requestsPerSecond": requests_per_second,
                    "failoversPerSecond": failovers_per_second,
                    "usdPerSecond": usd_per_second,
                    "requests": requests,
                    "failovers": failovers,
                    "usd": usd,
                })
            })
            .collect();
        json!({"intervalSeconds": self.interval.as_secs_f64(), "workloads": workloads})
    }
}
