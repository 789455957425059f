//! Every metric family of the control plane, in one catalogue. Labels are closed sets of words.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use metrics::{Counter, Gauge, Histogram};
use outrigger_cluster::review::{Counts, OUTCOMES};
use outrigger_telemetry::{
    Registry,
    registry::{Family, Stability},
};

use crate::{
    identity::InCluster,
    outlook::Unknown,
    scrape::outcome::{OUTCOMES as OUTCOMES_OF_PAGES, Outcome as Scraped},
};

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0];

const PAGES: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];

macro_rules! families {
    ($($ident:ident = $kind:literal $name:literal [$($label:literal),*] $buckets:expr, $help:literal;)+) => {
        $(const $ident: Family = Family {
            name: $name,
            kind: $kind,
            labels: &[$($label),*],
            help: $help,
            buckets: $buckets,
            stability: Stability::Stable,
        };)+
        pub(crate) const FAMILIES: &[Family] = &[$($ident),+];
    };
}

families! {
    SIDECARS = "gauge" "outrigger_control_plane_sidecars" [] &[], "Sidecars that are connected.";
    VIEWS = "gauge" "outrigger_control_plane_views" [] &[], "Distinct views of the policy that are in use.";
    COMPILATIONS = "gauge" "outrigger_control_plane_compilations" [] &[],
        "Views compiled since the start: once for each distinct view, and again only when its objects changed.";
    UPDATES = "counter" "outrigger_control_plane_updates_total" [] &[], "Updates sent to sidecars.";
    SENT = "counter" "outrigger_control_plane_sent_bytes_total" [] &[], "Bytes of updates sent, compressed as they went.";
    ACK_SECONDS = "histogram" "outrigger_control_plane_ack_seconds" [] SECONDS,
        "From sending an update to its acknowledgement.";
    REJECTIONS = "counter" "outrigger_control_plane_rejections_total" [] &[],
        "Resources that sidecars did not apply.";
    REFUSED = "counter" "outrigger_control_plane_refused_total" ["code"] &[], "Calls refused for their token.";
    STALE = "gauge" "outrigger_control_plane_policy_stale" [] &[],
        "1 while the source cannot be read or has become empty and the last policy is served.";
    PROBLEMS = "gauge" "outrigger_control_plane_policy_problems" [] &[],
        "Problems in the objects of the source, as last read.";
    CERTIFICATE = "gauge" "outrigger_control_plane_certificate_end_seconds" [] &[],
        "When the certificate ends that sidecars are shown, in seconds since 1970; not there where cert-manager or somebody else issues it.";
    REVIEWS = "counter" "outrigger_control_plane_reviews_total" ["outcome"] &[],
        "Tokens of pods, by what became of their review: `good` and `refused` by the API server, `remembered` from an \
         earlier one, `unanswered` by an API server that is away, `busy` for want of a place to wait.";
    REMEMBERED = "gauge" "outrigger_control_plane_reviews_remembered" [] &[],
        "Tokens of pods of which a review is remembered; at most 10,000.";
    WAITING = "gauge" "outrigger_control_plane_reviews_waiting" [] &[],
        "Sidecars that wait for a review; at most 4,096.";
    PODS = "gauge" "outrigger_control_plane_pods" [] &[], "Pods of the cluster that are known.";
    ADMISSIONS = "counter" "outrigger_control_plane_admissions_total" ["outcome"] &[],
        "Edits that the webhook was asked about, all of them allowed: `warned`, `silent` (nothing to say), `late` and \
         `pending` and `failed` (nothing could be found out), `busy` and `unread` (no answer).";
    ADMISSION_SECONDS = "histogram" "outrigger_control_plane_admission_seconds" [] SECONDS,
        "How long the webhook took to answer.";
    SCRAPES = "counter" "outrigger_fleet_scrapes_total" ["outcome"] &[],
        "Pages of sidecars that were asked for: `ok`, `elsewhere` (of one that follows another replica by now), `stranger` \
         (another process answers there), `unreachable`, `late`, `refused` (another status than 200), `large`, `unreadable`, \
         `nowhere` (no address of it is known).";
    SCRAPE_SECONDS = "histogram" "outrigger_fleet_scrape_seconds" [] PAGES,
        "How long a page of a sidecar took, read or not.";
    SERIES = "gauge" "outrigger_fleet_series" [] &[], "Series of the fleet that are served.";
    SERIES_DROPPED = "counter" "outrigger_fleet_series_dropped_total" [] &[],
        "Series of sidecars that are not added up, for want of room among those that are served or of whom the last value is kept.";
    BUNDLES = "gauge" "outrigger_control_plane_ca_bundles" ["state"] &[],
        "Namespaces with sidecars, and its own, whose ConfigMap outrigger-ca is as it should be (`written`) and cannot be written (`refused`), where this replica leads.";
    BOOTSTRAPS = "gauge" "outrigger_control_plane_bootstraps" ["state"] &[],
        "Namespaces with sidecars whose ConfigMap outrigger-bootstrap is as it should be (`written`) and cannot be written (`refused`), where this replica leads.";
    BOOTSTRAP_VIEWS = "gauge" "outrigger_control_plane_bootstrap_views" ["state"] &[],
        "Views that pods may start with while no control plane can be asked: `stored`, and `missing` for their size or for want of room, where this replica leads.";
}

/// What became of a question to the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// There was something to say.
    Warned,
    /// There was not.
    Silent,
    /// What it means could not be found out.
    Unknown(Unknown),
    /// Too many ask.
    Busy,
    /// It could not be read.
    Unread,
}

impl Admission {
    fn word(self) -> &'static str {
        match self {
            Self::Warned => "warned",
            Self::Silent => "silent",
            Self::Unknown(Unknown::Pending) => "pending",
            Self::Unknown(Unknown::Late) => "late",
            Self::Unknown(Unknown::Failed) => "failed",
            Self::Busy => "busy",
            Self::Unread => "unread",
        }
    }
}

/// The handles.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    sidecars: Gauge,
    views: Gauge,
    compilations: Gauge,
    updates: Counter,
    sent: Counter,
    ack: Histogram,
    rejections: Counter,
    stale: Gauge,
    problems: Gauge,
    admissions: Histogram,
    scrapes: [Counter; OUTCOMES_OF_PAGES.len()],
    scrape: Histogram,
    series: Gauge,
    dropped: Counter,
    /// In a cluster: counted where it happens, and read when somebody wants to know.
    cluster: OnceLock<Cluster>,
}

#[derive(Debug)]
struct Cluster {
    source: Arc<InCluster>,
    reviews: [Counter; OUTCOMES.len()],
    remembered: Gauge,
    waiting: Gauge,
    pods: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let registry = Registry::new(FAMILIES)?;
        Ok(Self {
            sidecars: registry.gauge(&SIDECARS, &[]),
            views: registry.gauge(&VIEWS, &[]),
            compilations: registry.gauge(&COMPILATIONS, &[]),
            updates: registry.counter(&UPDATES, &[]),
            sent: registry.counter(&SENT, &[]),
            ack: registry.histogram(&ACK_SECONDS, &[]),
            rejections: registry.counter(&REJECTIONS, &[]),
            stale: registry.gauge(&STALE, &[]),
            problems: registry.gauge(&PROBLEMS, &[]),
            admissions: registry.histogram(&ADMISSION_SECONDS, &[]),
            scrapes: OUTCOMES_OF_PAGES.map(|outcome| registry.counter(&SCRAPES, &[("outcome", outcome.word())])),
            scrape: registry.histogram(&SCRAPE_SECONDS, &[]),
            series: registry.gauge(&SERIES, &[]),
            dropped: registry.counter(&SERIES_DROPPED, &[]),
            cluster: OnceLock::new(),
            registry,
        })
    }

    /// An update of so many bytes goes out.
    pub(crate) fn sent(&self, bytes: usize) {
        self.updates.increment(1);
        self.sent.increment(bytes as u64);
    }

    /// An update was acknowledged.
    pub(crate) fn acked(&self, took: Duration, rejections: usize) {
        self.ack.record(took.as_secs_f64());
        self.rejections.increment(rejections as u64);
    }

    /// A token was refused, by its stable code.
    pub(crate) fn refused(&self, code: &'static str) {
        self.registry.counter(&REFUSED, &[("code", code)]).increment(1);
    }

    /// The webhook has answered.
    pub(crate) fn admitted(&self, became: Admission, took: Duration) {
        self.registry.counter(&ADMISSIONS, &[("outcome", became.word())]).increment(1);
        self.admissions.record(took.as_secs_f64());
    }

    /// A page of a sidecar was asked for.
    pub(crate) fn scraped(&self, outcome: Scraped, took: Duration) {
        self.scrapes[outcome as usize].increment(1);
        self.scrape.record(took.as_secs_f64());
    }

    /// Series of the fleet that are served, and how many were not taken since the start.
    pub(crate) fn series(&self, held: usize, dropped: u64) {
        self.series.set(held as f64);
        self.dropped.absolute(dropped);
    }

    pub(crate) fn views(&self, views: usize, compilations: u64) {
        self.views.set(views as f64);
        self.compilations.set(compilations as f64);
    }

    /// What became of reading the source.
    pub(crate) fn source(&self, stale: bool, problems: usize) {
        self.stale.set(if stale { 1.0 } else { 0.0 });
        self.problems.set(problems as f64);
    }

    /// Shows reviews and pods of this cluster from now on. Once.
    pub(crate) fn watch(&self, source: Arc<InCluster>) {
        let reviews = OUTCOMES.map(|outcome| self.registry.counter(&REVIEWS, &[("outcome", outcome.word())]));
        let gauge = |family| self.registry.gauge(family, &[]);
        let (remembered, waiting, pods) = (gauge(&REMEMBERED), gauge(&WAITING), gauge(&PODS));
        let _ = self.cluster.set(Cluster { source, reviews, remembered, waiting, pods });
    }

    /// The certificate that is shown ends then.
    pub(crate) fn certificate(&self, ends: Option<SystemTime>) {
        if let Some(since) = ends.and_then(|ends| ends.duration_since(SystemTime::UNIX_EPOCH).ok()) {
            self.registry.gauge(&CERTIFICATE, &[]).set(since.as_secs_f64());
        }
    }

    /// How many bundles are as they should be, and how many cannot be written.
    pub(crate) fn bundles(&self, written: usize, refused: usize) {
        self.registry.gauge(&BUNDLES, &[("state", "written")]).set(written as f64);
        self.registry.gauge(&BUNDLES, &[("state", "refused")]).set(refused as f64);
    }

    /// How many namespaces have what their pods start with, and how many cannot.
    pub(crate) fn bootstraps(&self, written: usize, refused: usize) {
        self.registry.gauge(&BOOTSTRAPS, &[("state", "written")]).set(written as f64);
        self.registry.gauge(&BOOTSTRAPS, &[("state", "refused")]).set(refused as f64);
    }

    /// How many views are among that, and how many are not.
    pub(crate) fn bootstrap_views(&self, stored: usize, missing: usize) {
        self.registry.gauge(&BOOTSTRAP_VIEWS, &[("state", "stored")]).set(stored as f64);
        self.registry.gauge(&BOOTSTRAP_VIEWS, &[("state", "missing")]).set(missing as f64);
    }

    /// Everything, for Prometheus.
    pub(crate) fn render(&self, sidecars: usize) -> String {
        self.sidecars.set(sidecars as f64);
        if let Some(cluster) = self.cluster.get() {
            cluster.take();
        }
        self.registry.upkeep();
        self.registry.render()
    }

    /// Moves samples into their buckets.
    pub(crate) fn upkeep(&self) {
        self.registry.upkeep();
    }
}

impl Cluster {
    fn take(&self) {
        let Counts { outcomes, remembered, waiting } = self.source.reviewer.counts();
        self.reviews.iter().zip(outcomes).for_each(|(counter, count)| counter.absolute(count));
        self.remembered.set(remembered as f64);
        self.waiting.set(waiting as f64);
        self.pods.set(self.source.pods.len() as f64);
    }
}
