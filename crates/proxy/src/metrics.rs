//! What is counted. Labels are closed enums or names from policy, never text from a request
//! (M1); handles of the successful path are registered when policy is published, or kept once the first request needed
//! them, so that requests format nothing.

pub(crate) mod by_route;
mod families;
pub(crate) mod genai;
pub(crate) mod ledger;
pub(crate) mod outcome;
pub(crate) mod target;
pub(crate) mod trace;

use std::time::{Duration, SystemTime};

use metrics::{Counter, Gauge, Histogram};
use outrigger_telemetry::Registry;
use outrigger_wire::{Dialect, Kind, Operation, Usage, usage::MOST_TOKENS};

use crate::{about::About, record::price::Price};

use by_route::{RouteCounters, TargetCounters};
pub use families::FAMILIES;
use families::*;
use genai::Operated;
use outcome::Outcome;

/// The handles.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    durations: Vec<Histogram>,
    pub(crate) overhead: Histogram,
    /// Set when somebody looks, as are the next three.
    pub(crate) in_flight: Gauge,
    pub(crate) buffered: Gauge,
    pub(crate) stale: Gauge,
    pub(crate) resident: Gauge,
    pub(crate) panics: Counter,
    /// Set when somebody looks.
    pub(crate) decisions_dropped: Counter,
    pub(crate) policy_problems: Counter,
    /// The convention's own names are counted too.
    genai: bool,
}

/// The route of a request for which nothing was decided. No policy can name one so: names have a slash.
const NO_ROUTE: &str = "none";

impl Metrics {
    /// `genai`: by the names of OpenTelemetry's conventions too.
    pub(crate) fn new(genai: bool) -> Result<Self, metrics_exporter_prometheus::BuildError> {
        let registry = Registry::new(FAMILIES)?;
        let of = |operation: Operation| operation.as_str();
        Ok(Self {
            durations: Operation::ALL.map(|op| registry.histogram(&DURATION, &[("operation", of(op))])).into(),
            overhead: registry.histogram(&OVERHEAD_SECONDS, &[]),
            in_flight: registry.gauge(&IN_FLIGHT, &[]),
            buffered: registry.gauge(&BUFFERED, &[]),
            stale: registry.gauge(&STALE, &[]),
            resident: registry.gauge(&RESIDENT, &[]),
            panics: registry.counter(&PANICS, &[]),
            decisions_dropped: registry.counter(&DECISIONS_DROPPED, &[]),
            policy_problems: registry.counter(&POLICY_REJECTED, &[]),
            genai,
            registry,
        })
    }

    /// `route` is that of the request's first name, `None` where nothing was decided.
    pub(crate) fn request(
        &self,
        operation: Operation,
        route: Option<&RouteCounters>,
        outcome: Outcome,
        code: &'static str,
        took: Duration,
    ) {
        self.durations[operation as usize].record(took.as_secs_f64());
        let register = || {
            let route = route.map_or(NO_ROUTE, RouteCounters::name);
            let operation = ("operation", operation.as_str());
            let labels = [operation, ("route", route), ("outcome", outcome.as_str()), ("code", code)];
            self.registry.counter(&REQUESTS, &labels)
        };
        match route {
            Some(route) => route.ended(operation, outcome, register).increment(1),
            None => register().increment(1),
        }
    }

    /// Counts what `of` makes, by the names of OpenTelemetry's conventions, where that is switched on.
    pub(crate) fn operated<'a>(&self, of: impl FnOnce() -> Option<Operated<'a>>) {
        if self.genai
            && let Some(of) = of()
        {
            genai::count(&self.registry, &of);
        }
    }

    pub(crate) fn attempt_ok(
        &self,
        counters: &TargetCounters,
        took: Duration,
        first: Option<Duration>,
        gap: Option<Duration>,
    ) {
        let target = &counters.target;
        counters.ok.increment(1);
        target.duration.record(took.as_secs_f64());
        if let Some(first) = first {
            target.first_token.record(first.as_secs_f64());
        }
        if let Some(gap) = gap {
            target.gap.record(gap.as_secs_f64());
        }
    }

    pub(crate) fn attempt_failed(
        &self,
        TargetCounters { route, target, .. }: &TargetCounters,
        kind: Kind,
        cooled: bool,
    ) {
        let labels = |name| [("provider", &*target.provider), ("model", &*target.model), (name, kind.code())];
        let [provider, model, outcome] = labels("outcome");
        self.registry.counter(&ATTEMPTS, &[("route", &*route.name), provider, model, outcome]).increment(1);
        if cooled {
            self.registry.counter(&COOLDOWNS, &labels("reason")).increment(1);
        }
    }

    pub(crate) fn fallback(&self, TargetCounters { target: from, .. }: &TargetCounters, kind: Kind) {
        let labels = [("provider", &*from.provider), ("model", &*from.model), ("reason", kind.code())];
        self.registry.counter(&FALLBACKS, &labels).increment(1);
    }

    pub(crate) fn resent(&self, TargetCounters { target, .. }: &TargetCounters) {
        let labels = [("provider", &*target.provider), ("model", &*target.model)];
        self.registry.counter(&RESENDS, &labels).increment(1);
    }

    pub(crate) fn usage(&self, counters: &TargetCounters, usage: &Usage, price: Option<&Price>) {
        // Bounded by its readers, so that no counter wraps around (H10).
        let of = |count: Option<u64>| count.unwrap_or(0).min(2 * MOST_TOKENS);
        let writes = of(usage.cache_write_5m) + of(usage.cache_write_1h);
        let counts = [of(usage.input), of(usage.output), of(usage.cache_read), writes, of(usage.reasoning)];
        for (counter, count) in counters.tokens.iter().zip(counts).filter(|(_, count)| *count > 0) {
            counter.increment(count);
        }
        let target = &counters.target;
        let labels = [("provider", &*target.provider), ("model", &*target.model)];
        match price {
            Some(price) => {
                counters.cost.increment(price.cost);
                self.price(labels, price);
            }
            None if usage.is_known() => self.registry.counter(&UNPRICED, &labels).increment(1),
            None => {}
        }
        if usage.impossible {
            self.registry.counter(&IMPOSSIBLE, &labels).increment(1);
        }
        if usage.estimated {
            self.registry.counter(&ESTIMATED, &labels).increment(1);
        }
    }

    /// What is to be said of a price beside its amount.
    fn price(&self, [provider, model]: [(&'static str, &str); 2], price: &Price) {
        for part in price.lacks.words() {
            self.registry.counter(&UNPRICED_PARTS, &[provider, model, ("part", part)]).increment(1);
        }
        // Only where both are known can they be compared.
        if let Some(estimate) = price.estimate {
            for (by, cost) in [("upstream", price.cost), ("catalogue", estimate)] {
                self.registry.counter(&STATED, &[provider, model, ("by", by)]).increment(cost);
            }
        }
    }

    pub(crate) fn malformed(&self, TargetCounters { target, .. }: &TargetCounters, count: u64) {
        let labels = [("provider", &*target.provider), ("model", &*target.model)];
        self.registry.counter(&MALFORMED, &labels).increment(count);
    }

    /// `feature` is one of a closed set of words, never a caller's.
    pub(crate) fn dropped(&self, dialect: Dialect, feature: &'static str) {
        self.registry.counter(&DROPPED, &[("dialect", dialect.as_str()), ("feature", feature)]).increment(1);
    }

    pub(crate) fn removed(&self, reason: &'static str) {
        self.registry.counter(&REMOVED, &[("reason", reason)]).increment(1);
    }

    /// Says which revision is served.
    pub(crate) fn policy(&self, revision: &str) {
        self.registry.info(&POLICY, &[revision]);
    }

    /// Says which process this is.
    pub(crate) fn process(&self, instance: &str, started: SystemTime) {
        self.registry.info(&PROCESS, &[instance, outrigger_telemetry::build::VERSION]);
        let started = started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.registry.gauge(&STARTED, &[]).set(started.as_secs_f64());
    }

    /// Says which replica of a control plane is followed, by which stream of this process.
    pub(crate) fn link(&self, replica: &str, stream: u64) {
        self.registry.info(&LINK, &[replica, &stream.to_string()]);
    }

    /// Says whom the sidecar runs beside.
    pub(crate) fn workload(&self, about: &About) {
        self.registry.info(&WORKLOAD, &about.labels());
    }
}
