//! Every metric family, in one catalogue. Labels are closed enums or names from policy, never text from a request
//! (M1); handles of the successful path are registered when policy is published, or kept once the first request needed
//! them, so that requests format nothing.

mod by_route;

use std::{sync::Arc, time::Duration};

use metrics::{Counter, Gauge, Histogram};
use outrigger_route::{Target, snapshot::Route};
use outrigger_telemetry::{Registry, registry::Family};
use outrigger_wire::{Dialect, Kind, Operation, Usage, usage::MOST_TOKENS};

use crate::{About, record::Price};

pub(crate) use by_route::{RouteCounters, Routes, TargetCounters};

const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
const OVERHEAD: &[f64] =
    &[1e-5, 2e-5, 4e-5, 6e-5, 8e-5, 1e-4, 1.5e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.25];
const GAPS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.25, 2.5, 5.0, 10.0, 30.0];

macro_rules! families {
    ($($ident:ident = $kind:literal $name:literal [$($label:literal),*] $buckets:expr, $help:literal;)+) => {
        $(const $ident: Family =
            Family { name: $name, kind: $kind, labels: &[$($label),*], help: $help, buckets: $buckets };)+
        /// All families: the inventory that dashboards and the README are checked against.
        pub const FAMILIES: &[Family] = &[$($ident),+];
    };
}

families! {
    REQUESTS = "counter" "outrigger_requests_total" ["operation", "route", "outcome", "code"] &[],
        "Requests by what the caller saw: ok, error, broken (after the first token) or cancelled. The route is that of the first name; direct for a bare model, none if nothing was decided.";
    DURATION = "histogram" "outrigger_request_duration_seconds" ["operation"] SECONDS,
        "From the request's head to the end of its answer.";
    OVERHEAD_SECONDS = "histogram" "outrigger_proxy_overhead_seconds" [] OVERHEAD,
        "Time that the sidecar itself added before the first upstream call.";
    ATTEMPTS = "counter" "outrigger_attempts_total" ["route", "provider", "model", "outcome"] &[],
        "Upstream calls by outcome: ok, cancelled, or the failure's code. The route is the one that names the target; direct for a bare model.";
    ATTEMPT_DURATION = "histogram" "outrigger_attempt_duration_seconds" ["provider", "model"] SECONDS,
        "From sending an upstream request to the end of its answer.";
    FALLBACKS = "counter" "outrigger_fallbacks_total" ["provider", "model", "reason"] &[],
        "Requests that moved on from this target, by reason.";
    RESENDS = "counter" "outrigger_resends_total" ["provider", "model"] &[],
        "Requests sent once more because the connection they went out on, an old one, had been closed: no attempts of their own.";
    COOLDOWNS = "counter" "outrigger_cooldowns_total" ["provider", "model", "reason"] &[],
        "Times a target, an endpoint or a key began to cool.";
    FIRST_TOKEN = "histogram" "outrigger_time_to_first_token_seconds" ["provider", "model"] SECONDS,
        "From sending a streamed upstream request to its first content.";
    GAP = "histogram" "outrigger_inter_token_seconds" ["provider", "model"] GAPS,
        "Mean time between content events of a stream.";
    TOKENS = "counter" "outrigger_tokens_total" ["route", "provider", "model", "type"] &[],
        "Tokens by type: input, output, cache_read, cache_write, reasoning.";
    COST = "counter" "outrigger_cost_nano_usd_total" ["route", "provider", "model"] &[],
        "Cost in billionths of a US dollar.";
    UNPRICED = "counter" "outrigger_unpriced_total" ["provider", "model"] &[],
        "Answers with usage whose price is not known.";
    UNPRICED_PARTS = "counter" "outrigger_unpriced_parts_total" ["provider", "model", "part"] &[],
        "Answers of whose cost a part has no price: a service_tier or a model (an estimate was taken), a tool or sound (it is missing).";
    STATED = "counter" "outrigger_stated_cost_nano_usd_total" ["provider", "model", "by"] &[],
        "Cost of answers that say it themselves, in billionths of a US dollar: by the upstream, which is booked, and by the price row. What stands between them is a wrong price.";
    IMPOSSIBLE = "counter" "outrigger_impossible_usage_total" ["provider", "model"] &[],
        "Answers whose usage cannot be: counts below zero, beyond any answer, or a total below its parts. What was said is held at its bound.";
    ESTIMATED = "counter" "outrigger_estimated_usage_total" ["provider", "model"] &[],
        "Answers whose usage is an estimate because they were interrupted.";
    MALFORMED = "counter" "outrigger_malformed_events_total" ["provider", "model"] &[],
        "Stream events that were passed on although they could not be read.";
    REMOVED = "counter" "outrigger_candidates_removed_total" ["reason"] &[],
        "Candidates that a hard filter removed.";
    DROPPED = "counter" "outrigger_dropped_total" ["dialect", "feature"] &[],
        "Parts of requests and answers that the target's dialect, or the caller's, has no words for.";
    IN_FLIGHT = "gauge" "outrigger_requests_in_flight" [] &[], "Requests being answered.";
    BUFFERED = "gauge" "outrigger_buffered_bytes" [] &[], "Bytes of bodies held against the buffer and the answer budget.";
    POLICY = "gauge" "outrigger_policy_info" ["revision"] &[], "1 for the policy revision being served.";
    STALE = "gauge" "outrigger_policy_stale_seconds" [] &[],
        "How long the policy being served may have been out of date; 0 if it is current.";
    WORKLOAD = "gauge" "outrigger_workload_info" ["namespace", "owner", "service_account", "team"] &[],
        "1 for the workload that the sidecar runs beside, where a control plane knows it.";
    POLICY_REJECTED = "counter" "outrigger_policy_problems_total" [] &[], "Problems found in policy objects.";
    PANICS = "counter" "outrigger_panics_total" [] &[], "Requests that ended in a bug of the sidecar.";
}

/// The handles.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    durations: Vec<Histogram>,
    pub(crate) overhead: Histogram,
    /// Set when somebody looks, as are the next two.
    pub(crate) in_flight: Gauge,
    pub(crate) buffered: Gauge,
    pub(crate) stale: Gauge,
    pub(crate) panics: Counter,
    pub(crate) policy_problems: Counter,
}

/// Handles of one target, whoever reaches it.
#[derive(Debug)]
pub(crate) struct TargetMetrics {
    provider: Box<str>,
    model: Box<str>,
    duration: Histogram,
    first_token: Histogram,
    gap: Histogram,
}

/// The route of a request for which nothing was decided. No policy can name one so: names have a slash.
const NO_ROUTE: &str = "none";

/// How a request ended, as the caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Error,
    Broken,
    Cancelled,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Broken => "broken",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, metrics_exporter_prometheus::BuildError> {
        let registry = Registry::new(FAMILIES)?;
        let of = |operation: Operation| operation.as_str();
        Ok(Self {
            durations: Operation::ALL.map(|op| registry.histogram(&DURATION, &[("operation", of(op))])).into(),
            overhead: registry.histogram(&OVERHEAD_SECONDS, &[]),
            in_flight: registry.gauge(&IN_FLIGHT, &[]),
            buffered: registry.gauge(&BUFFERED, &[]),
            stale: registry.gauge(&STALE, &[]),
            panics: registry.counter(&PANICS, &[]),
            policy_problems: registry.counter(&POLICY_REJECTED, &[]),
            registry,
        })
    }

    pub(crate) fn of_target(&self, target: &Target) -> Arc<TargetMetrics> {
        let (provider, model) = (target.provider.name.clone(), target.model.clone());
        let labels = [("provider", &*provider), ("model", &*model)];
        Arc::new(TargetMetrics {
            duration: self.registry.histogram(&ATTEMPT_DURATION, &labels),
            first_token: self.registry.histogram(&FIRST_TOKEN, &labels),
            gap: self.registry.histogram(&GAP, &labels),
            provider: provider.clone(),
            model: model.clone(),
        })
    }

    /// Registers what is counted of `target` as `route` reaches it.
    fn of_route(&self, route: &Arc<Route>, target: &Arc<TargetMetrics>) -> TargetCounters {
        let labels = [("route", &*route.name), ("provider", &*target.provider), ("model", &*target.model)];
        let with = |name, value| [labels[0], labels[1], labels[2], (name, value)];
        TargetCounters {
            ok: self.registry.counter(&ATTEMPTS, &with("outcome", "ok")),
            tokens: ["input", "output", "cache_read", "cache_write", "reasoning"]
                .map(|kind| self.registry.counter(&TOKENS, &with("type", kind))),
            cost: self.registry.counter(&COST, &labels),
            route: route.clone(),
            target: target.clone(),
        }
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

    /// Says whom the sidecar runs beside.
    pub(crate) fn workload(&self, about: &About) {
        self.registry.info(&WORKLOAD, &about.labels());
    }
}
