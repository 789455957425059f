//! What replicas say of their workloads, added up: pure.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::columns::columns;

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Busy {
    replicas: usize,
    interval: f64,
    workloads: BTreeMap<(String, String, String), Figures>,
}

/// What one replica says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    interval_seconds: f64,
    workloads: Vec<Workload>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Workload {
    namespace: String,
    workload: String,
    team: String,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Figures {
    sidecars: u64,
    seen: u64,
    live: f64,
    requests_per_second: f64,
    failovers_per_second: f64,
    usd_per_second: f64,
    requests: f64,
    failovers: f64,
    usd: f64,
}

impl Busy {
    /// Adds what one replica says.
    ///
    /// # Errors
    ///
    /// If it is none of what a control plane says.
    pub(super) fn add(&mut self, said: &[u8]) -> anyhow::Result<()> {
        let said: Said = serde_json::from_slice(said).context("the control plane says what is none of its pages")?;
        self.replicas += 1;
        self.interval = self.interval.max(said.interval_seconds);
        for Workload { namespace, workload, team, figures } in said.workloads {
            self.workloads.entry((namespace, workload, team)).or_default().add(&figures);
        }
        Ok(())
    }

    /// Leaves out those of other namespaces.
    pub(super) fn keep(&mut self, namespace: Option<&str>) {
        self.workloads.retain(|(own, ..), _| namespace.is_none_or(|namespace| own == namespace));
    }

    /// For programs: what replicas say, added up.
    pub(super) fn value(&self) -> Value {
        let workloads: Vec<Workload> = self
            .sorted()
            .into_iter()
            .map(|((namespace, workload, team), figures)| Workload {
                namespace: namespace.clone(),
                workload: workload.clone(),
                team: team.clone(),
                figures: figures.clone(),
            })
            .collect();
        json!({"replicas": self.replicas, "intervalSeconds": self.interval, "workloads": workloads})
    }

    /// For people, the busiest first.
    pub(super) fn table(&self) -> String {
        let head = [
            "NAMESPACE",
            "WORKLOAD",
            "TEAM",
            "SIDECARS",
            "LIVE",
            "REQ/S",
            "FAILOVERS/MIN",
            "USD/H",
            "FAILOVERS",
            "USD",
        ];
        let rows = self.sorted().into_iter().map(|((namespace, workload, team), it)| {
            let names = [namespace, workload, team].map(String::clone);
            names.into_iter().chain(it.cells()).collect()
        });
        let mut all = Figures::default();
        self.workloads.values().for_each(|figures| all.add(figures));
        let total = ["all".to_owned(), String::new(), String::new()].into_iter().chain(all.cells()).collect();
        let table = columns(&head, rows.chain([total]));
        let of = if self.replicas == 1 { "one replica".to_owned() } else { format!("{} replicas", self.replicas) };
        format!(
            "{table}\nas {of} last read each sidecar, at most {} s ago; FAILOVERS and USD since the replica started\n",
            self.interval
        )
    }

    fn sorted(&self) -> Vec<(&(String, String, String), &Figures)> {
        let mut rows: Vec<_> = self.workloads.iter().collect();
        rows.sort_by(|(_, a), (_, b)| b.requests_per_second.total_cmp(&a.requests_per_second));
        rows
    }
}

impl Figures {
    fn add(&mut self, more: &Self) {
        let Self {
            sidecars,
            seen,
            live,
            requests_per_second,
            failovers_per_second,
            usd_per_second,
            requests,
            failovers,
            usd,
        } = more;
        self.sidecars += sidecars;
        self.seen += seen;
        self.live += live;
        self.requests_per_second += requests_per_second;
        self.failovers_per_second += failovers_per_second;
        self.usd_per_second += usd_per_second;
        self.requests += requests;
        self.failovers += failovers;
        self.usd += usd;
    }

    fn cells(&self) -> [String; 7] {
        // Of those that have shown nothing yet, nothing is in the figures beside it.
        let sidecars = match self.seen == self.sidecars {
            true => self.sidecars.to_string(),
            false => format!("{} of {}", self.seen, self.sidecars),
        };
        [
            sidecars,
            format!("{:.0}", self.live),
            format!("{:.1}", self.requests_per_second),
            format!("{:.1}", self.failovers_per_second * 60.0),
            format!("{:.2}", self.usd_per_second * 3600.0),
            format!("{:.0}", self.failovers),
            format!("{:.2}", self.usd),
        ]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn said(workload: &str, rate: f64, seen: u64) -> Vec<u8> {
        let row = json!({
            "namespace": "shop", "workload": workload, "team": "red", "sidecars": 2, "seen": seen, "live": 3,
            "requestsPerSecond": rate, "failoversPerSecond": 0.5, "usdPerSecond": 0.001, "requests": 10, "failovers": 4,
            "usd": 1.25, "later": true,
        });
        json!({"intervalSeconds": 15.0, "workloads": [row]}).to_string().into_bytes()
    }

    #[test]
    fn replicas_are_added_up_and_the_busiest_comes_first() {
        let mut busy = Busy::default();
        for page in [said("Deployment/a", 1.0, 2), said("Deployment/b", 2.0, 2), said("Deployment/b", 2.0, 1)] {
            busy.add(&page).unwrap();
        }
        let expected = "\
NAMESPACE  WORKLOAD      TEAM  SIDECARS  LIVE  REQ/S  FAILOVERS/MIN  USD/H  FAILOVERS  USD
shop       Deployment/b  red   3 of 4    6     4.0    60.0           7.20   8          2.50
shop       Deployment/a  red   2         3     1.0    30.0           3.60   4          1.25
all        -             -     5 of 6    9     5.0    90.0           10.80  12         3.75

as 3 replicas last read each sidecar, at most 15 s ago; FAILOVERS and USD since the replica started
";
        assert_eq!(busy.table(), expected);
        assert_eq!(busy.value()["workloads"][0]["requestsPerSecond"], 4.0);
        busy.keep(Some("other"));
        assert_eq!((busy.value()["replicas"].as_u64(), busy.workloads.len()), (Some(3), 0));
        assert!(busy.add(b"<html>").is_err());
    }
}
