//! The parts of a route that are not targets: constraints, failover, timeouts, stickiness. A mistake in any of them
//! leaves the whole route out: a limit that is half understood is no limit.

use std::time::Duration;

use outrigger_crd::{
    Duration as Text,
    route::{self as crd, AlsoOn, ContinueOnBreak, MaxPrice, StickinessMode},
};
use outrigger_route::{
    snapshot::{Constraints, FailoverPolicy, Stickiness, Timeouts},
    words::{Allowed, Strategy},
};
use outrigger_wire::Kind;

use crate::{
    capability,
    check::{duration, once, rate},
    problem::Report,
};

/// The bounds of `failover.attempts`, as in the schema.
const ATTEMPTS: std::ops::RangeInclusive<u32> = 1..=32;

pub(crate) fn strategy(declared: crd::Strategy) -> Strategy {
    match declared {
        crd::Strategy::Priority => Strategy::Priority,
        crd::Strategy::Weighted => Strategy::Weighted,
        crd::Strategy::Price => Strategy::Price,
        crd::Strategy::Latency => Strategy::Latency,
        crd::Strategy::Throughput => Strategy::Throughput,
        crd::Strategy::Balanced => Strategy::Balanced,
        crd::Strategy::LeastOutstanding => Strategy::LeastOutstanding,
    }
}

pub(crate) fn constraints(declared: Option<&crd::Constraints>, report: &mut Report<'_>) -> Constraints {
    let Some(declared) = declared else { return Constraints::default() };
    let crd::Constraints { zero_data_retention, deny_training, regions, max_price, quantizations, require_parameters } =
        declared;
    for (at, region) in regions.iter().enumerate() {
        if region.trim().is_empty() {
            report.error(format!("spec.constraints.regions[{at}]"), "is empty: name a region such as eu, or remove it");
        }
    }
    once(Some(regions), "spec.constraints.regions", report);
    once(Some(quantizations), "spec.constraints.quantizations", report);
    let MaxPrice { input, output } = max_price.clone().unwrap_or_default();
    let mut limit = |part: &str, text: Option<outrigger_crd::Decimal>| {
        rate(&text?).map_err(|reason| report.error(format!("spec.constraints.maxPrice.{part}"), reason)).ok()
    };
    Constraints {
        zero_data_retention: *zero_data_retention,
        deny_training: *deny_training,
        regions: Allowed::of(regions.iter().map(|region| region.trim().to_ascii_lowercase().into()).collect()),
        max_input_price: limit("input", input),
        max_output_price: limit("output", output),
        quantizations: Allowed::of(quantizations.iter().copied().map(capability::quantization).collect()),
        require_parameters: *require_parameters,
    }
}

pub(crate) fn failover(declared: Option<&crd::Failover>, report: &mut Report<'_>) -> FailoverPolicy {
    let default = FailoverPolicy::default();
    let Some(declared) = declared else { return default };
    let crd::Failover { attempts, also_on, continue_on_break, hedge_after, max_wait } = declared;
    if attempts.is_some_and(|attempts| !ATTEMPTS.contains(&attempts)) {
        report.error("spec.failover.attempts", "must be 1 to 32");
    }
    once(Some(also_on), "spec.failover.alsoOn", report);
    let mut kinds: Vec<Kind> = also_on
        .iter()
        .map(|failure| match failure {
            AlsoOn::ContextLength => Kind::ContextLength,
            AlsoOn::ContentPolicy => Kind::ContentPolicy,
            AlsoOn::InvalidRequest => Kind::InvalidRequest,
            AlsoOn::NotFound => Kind::NotFound,
            AlsoOn::PayloadTooLarge => Kind::TooLarge,
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    FailoverPolicy {
        attempts: attempts.unwrap_or(default.attempts),
        also_on: kinds,
        continue_on_break: *continue_on_break == ContinueOnBreak::TextOnly,
        hedge_after: time("spec.failover.hedgeAfter", hedge_after.as_ref(), report),
        max_wait: time("spec.failover.maxWait", max_wait.as_ref(), report).unwrap_or(default.max_wait),
    }
}

pub(crate) fn timeouts(declared: Option<&crd::Timeouts>, report: &mut Report<'_>) -> Timeouts {
    let default = Timeouts::default();
    let Some(declared) = declared else { return default };
    let crd::Timeouts { connect, first_token, answer, idle, total } = declared;
    let mut or = |part: &str, text: &Option<Text>, default| {
        time(&format!("spec.timeouts.{part}"), text.as_ref(), report).unwrap_or(default)
    };
    let timeouts = Timeouts {
        connect: or("connect", connect, default.connect),
        first_token: or("firstToken", first_token, default.first_token),
        answer: or("answer", answer, default.answer),
        idle: or("idle", idle, default.idle),
        total: or("total", total, default.total),
    };
    // Compared only where written: a short total may well cut a default.
    if total.is_some() && first_token.is_some() && timeouts.first_token > timeouts.total {
        report.error("spec.timeouts.firstToken", "is longer than total, which ends the request before: shorten it");
    }
    timeouts
}

pub(crate) fn stickiness(declared: Option<&crd::Stickiness>, report: &mut Report<'_>) -> Stickiness {
    let default = Stickiness::default();
    let Some(crd::Stickiness { mode, ttl }) = declared else { return default };
    Stickiness {
        enabled: *mode == StickinessMode::Auto,
        ttl: time("spec.stickiness.ttl", ttl.as_ref(), report).unwrap_or(default.ttl),
    }
}

fn time(field: &str, text: Option<&Text>, report: &mut Report<'_>) -> Option<Duration> {
    duration(text?).map_err(|reason| report.error(field, reason)).ok()
}
