//! Every metric family of the injector. Labels are closed sets of words.

use std::{collections::BTreeMap, time::Duration};

use metrics::{Counter, Gauge, Histogram};
use outrigger_cluster::bare::Counted;
use outrigger_inject::Skip;
use outrigger_telemetry::{
    Registry,
    registry::{Family, Stability},
};
use tokio::sync::watch;

const SECONDS: &[f64] = &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

const REVIEWS: Family = Family {
    name: "outrigger_injector_reviews_total",
    kind: "counter",
    labels: &["outcome"],
    help: "Pods that were asked about, by what became of them: `injected`, or why not.",
    buckets: &[],
    stability: Stability::Stable,
};
const REVIEW_SECONDS: Family = Family {
    name: "outrigger_injector_review_seconds",
    kind: "histogram",
    labels: &[],
    help: "From the last byte of a question to its answer.",
    buckets: SECONDS,
    stability: Stability::Stable,
};
const BARE: Family = Family {
    name: "outrigger_injector_pods_without_sidecar",
    kind: "gauge",
    labels: &[],
    help: "Pods that are to have a sidecar and have none, as last looked; 0 where another replica looks.",
    buckets: &[],
    stability: Stability::Stable,
};
const INJECTED: Family = Family {
    name: "outrigger_injector_pods_with_sidecar",
    kind: "gauge",
    labels: &[],
    help: "Pods that run and were given a sidecar, as last looked; 0 where another replica looks. More than are connected to \
           control planes: some hear nothing.",
    buckets: &[],
    stability: Stability::Stable,
};

/// All of them.
pub(crate) const FAMILIES: &[Family] = &[REVIEWS, REVIEW_SECONDS, BARE, INJECTED];

/// What becomes of a question, beside the reasons to skip a pod.
const OTHERS: [&str; 3] = ["injected", "no_pod", "no_review"];

/// The handles.
pub(super) struct Metrics {
    registry: Registry,
    reviews: BTreeMap<&'static str, Counter>,
    seconds: Histogram,
    bare: Gauge,
    injected: Gauge,
    counted: watch::Receiver<Counted>,
}

impl Metrics {
    /// `counted`: how many pods have a sidecar, and how many do not.
    pub(super) fn new(counted: watch::Receiver<Counted>) -> anyhow::Result<Self> {
        let registry = Registry::new(FAMILIES)?;
        // All from the start: a rate is of no use whose series begins with what it should tell of.
        let codes = OTHERS.into_iter().chain(Skip::CODES);
        let reviews = codes.map(|code| (code, registry.counter(&REVIEWS, &[("outcome", code)]))).collect();
        let (seconds, bare) = (registry.histogram(&REVIEW_SECONDS, &[]), registry.gauge(&BARE, &[]));
        let injected = registry.gauge(&INJECTED, &[]);
        Ok(Self { registry, reviews, seconds, bare, injected, counted })
    }

    /// A question was answered so, within `took`.
    pub(super) fn reviewed(&self, code: &str, took: Duration) {
        if let Some(counter) = self.reviews.get(code) {
            counter.increment(1);
        }
        self.seconds.record(took.as_secs_f64());
    }

    pub(super) fn upkeep(&self) {
        self.registry.upkeep();
    }

    pub(super) fn render(&self) -> String {
        let counted = *self.counted.borrow();
        self.bare.set(counted.without as f64);
        self.injected.set(counted.with as f64);
        self.registry.upkeep();
        self.registry.render()
    }
}
