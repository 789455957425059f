//! A route out of its message.

use std::time::Duration;

use outrigger_route::{
    snapshot::{FailoverPolicy, Route, Stickiness, Timeouts},
    view::{Line, Providers, RoutePart},
};

use super::limit;
use crate::{v1, words};

/// Or what of it this build does not know.
pub(super) fn decode(route: v1::Route) -> Result<RoutePart, &'static str> {
    let v1::Route { name, names, lines, strategy, limits, failover, timeouts, stickiness, traces_content } = route;
    // A message that is not there comes from nobody who knows this file: the route goes by its defaults.
    let route = Route {
        name: name.into(),
        targets: Vec::new(),
        strategy: words::read_strategy(&strategy),
        constraints: limit::route(&limits)?,
        failover: failover.map(self::failover).unwrap_or_default(),
        timeouts: timeouts.map(self::timeouts).unwrap_or_default(),
        stickiness: stickiness.map(self::stickiness).unwrap_or_default(),
        traces_content,
    };
    let names = names.into_iter().map(Into::into).collect();
    Ok(RoutePart { names, route, lines: lines.into_iter().map(line).collect() })
}

fn line(line: v1::Line) -> Line {
    let v1::Line { providers, model, priority, weight, edits, any_provider } = line;
    let edit = |edit: v1::Edit| (edit.field.into(), edit.json.map(Into::into));
    Line {
        providers: match any_provider {
            true => Providers::Any,
            false => Providers::These(providers.into_iter().map(Into::into).collect()),
        },
        model: model.into(),
        priority: u16::try_from(priority).unwrap_or(u16::MAX),
        weight,
        parameters: edits.into_iter().map(edit).collect(),
    }
}

fn failover(failover: v1::Failover) -> FailoverPolicy {
    let v1::Failover { attempts, also_on, continue_on_break, hedge_after_ms, max_wait_ms } = failover;
    FailoverPolicy {
        attempts: attempts.max(1),
        also_on: also_on.iter().filter_map(|code| words::read_also_on(code)).collect(),
        continue_on_break,
        hedge_after: hedge_after_ms.map(Duration::from_millis),
        max_wait: Duration::from_millis(max_wait_ms),
    }
}

fn timeouts(timeouts: v1::Timeouts) -> Timeouts {
    let v1::Timeouts { connect_ms, first_token_ms, answer_ms, idle_ms, total_ms } = timeouts;
    Timeouts {
        connect: Duration::from_millis(connect_ms),
        first_token: Duration::from_millis(first_token_ms),
        answer: Duration::from_millis(answer_ms),
        idle: Duration::from_millis(idle_ms),
        total: Duration::from_millis(total_ms),
    }
}

fn stickiness(stickiness: v1::Stickiness) -> Stickiness {
    let v1::Stickiness { enabled, ttl_ms } = stickiness;
    Stickiness { enabled, ttl: Duration::from_millis(ttl_ms) }
}
