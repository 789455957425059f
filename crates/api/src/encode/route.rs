//! A route into its message.

use std::time::Duration;

use outrigger_route::{
    snapshot::{FailoverPolicy, Route, Stickiness, Timeouts},
    view::{Line, Providers, RoutePart},
};

use super::limit::constraints;
use crate::v1;

pub(super) fn encode(part: &RoutePart) -> v1::Route {
    let RoutePart { names, route, lines } = part;
    let Route { name, targets: _, strategy, constraints: limits, failover, timeouts, stickiness, traces_content } =
        route;
    let FailoverPolicy { attempts, also_on, continue_on_break, hedge_after, max_wait } = failover;
    let Timeouts { connect, first_token, answer, idle, total } = *timeouts;
    let Stickiness { enabled, ttl } = *stickiness;
    v1::Route {
        name: name.to_string(),
        names: names.iter().map(ToString::to_string).collect(),
        lines: lines.iter().map(line).collect(),
        strategy: strategy.as_str().to_owned(),
        limits: constraints(limits),
        failover: Some(v1::Failover {
            attempts: *attempts,
            also_on: also_on.iter().map(|kind| kind.code().to_owned()).collect(),
            continue_on_break: *continue_on_break,
            hedge_after_ms: hedge_after.map(millis),
            max_wait_ms: millis(*max_wait),
        }),
        timeouts: Some(v1::Timeouts {
            connect_ms: millis(connect),
            first_token_ms: millis(first_token),
            answer_ms: millis(answer),
            idle_ms: millis(idle),
            total_ms: millis(total),
        }),
        stickiness: Some(v1::Stickiness { enabled, ttl_ms: millis(ttl) }),
        traces_content: *traces_content,
    }
}

fn line(line: &Line) -> v1::Line {
    let Line { providers, model, priority, weight, parameters } = line;
    v1::Line {
        providers: match providers {
            Providers::Any => Vec::new(),
            Providers::These(list) => list.iter().map(ToString::to_string).collect(),
        },
        any_provider: *providers == Providers::Any,
        model: model.to_string(),
        priority: (*priority).into(),
        weight: *weight,
        edits: parameters
            .iter()
            .map(|(field, json)| v1::Edit { field: field.to_string(), json: json.as_deref().map(str::to_owned) })
            .collect(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
