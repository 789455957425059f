//! Answers that come in events.

use anyhow::Result;

use crate::bench::{
    answers::Shape,
    figure::{Figures, Spread},
    job::{Job, Until},
    policy::OPENAI,
    request,
    stage::{Rounds, Sample, Stage, added, spread},
};

const EVENTS: usize = 64;
const PACE_MS: usize = 20;
/// Microseconds that the sidecar may add to a gap between two events, p99.
const GAP_REACH: f64 = 50.0;
const STREAMS: usize = 1_000;
/// Resident memory with so many streams, in KiB.
const STREAMS_REACH: f64 = 32.0 * 1024.0;

/// A gap is compared with the gap that the upstream left between the same two events: events say when they were sent.
pub(super) fn paced(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let until = Until::Each(if stage.quick { 1 } else { 2 });
    let rounds = stage.alternate(|to| Job {
        connections: 8,
        warm: 0,
        // Spread over one pace, so that events of different streams do not wait for each other.
        stagger_us: 2_500,
        until,
        ..request::streamed(to, Shape::Chat, OPENAI, EVENTS, PACE_MS)
    })?;
    let first: fn(&Sample) -> f64 = |s| s.outcome.first.p50;
    let transit: fn(&Sample) -> f64 = |s| s.outcome.transit.p50;
    let half: fn(&Sample) -> f64 = |s| s.outcome.gap.p50;
    let most: fn(&Sample) -> f64 = |s| s.outcome.gap.p99;
    for (what, of) in [("first event, p50", first), ("upstream to caller, p50", transit), ("gap, p50", half)] {
        compared(&rounds, figures, what, of, None);
    }
    compared(&rounds, figures, "gap, p99", most, Some(GAP_REACH));
    lost(&rounds, figures);
    Ok(())
}

pub(super) fn thousand(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let (repetitions, until) = (stage.repetitions, Until::Each(if stage.quick { 1 } else { 2 }));
    stage.repetitions = repetitions.min(5);
    // Of its own, so that nothing else is in its memory.
    let sidecar = stage.sidecar("sidecar, fresh", &["--log=warn"]);
    let rounds = sidecar.and_then(|sidecar| {
        stage.contenders.push(sidecar);
        let rounds = stage.alternate(|to| Job {
            connections: STREAMS,
            warm: 0,
            stagger_us: 200,
            until,
            ..request::streamed(to, Shape::Chat, OPENAI, EVENTS, PACE_MS)
        });
        stage.contenders.pop();
        rounds
    });
    stage.repetitions = repetitions;
    let rounds = rounds?;
    for name in rounds.keys().filter(|name| *name != "direct") {
        let rss = spread(&rounds, name, |s| s.rss).filter(|rss| rss.max > 0.0);
        match name.as_str() {
            "sidecar, fresh" => figures.hold(name, "resident memory", "KiB", rss, STREAMS_REACH),
            _ if rss.is_some() => figures.add(name, "resident memory", "KiB", rss),
            _ => {}
        }
        figures.add(name, "core of the proxy in use", "x", spread(&rounds, name, |s| s.load));
    }
    for name in rounds.keys() {
        figures.add(name, "upstream to caller, p99", "us", spread(&rounds, name, |s| s.outcome.transit.p99));
    }
    lost(&rounds, figures);
    Ok(())
}

fn compared(rounds: &Rounds, figures: &mut Figures, what: &str, of: fn(&Sample) -> f64, reach: Option<f64>) {
    figures.add("direct", what, "us", spread(rounds, "direct", of));
    for name in rounds.keys().filter(|name| *name != "direct") {
        let value = Spread::of(added(rounds, name, of));
        match reach.filter(|_| name == "sidecar") {
            Some(reach) => figures.hold(name, &format!("added {what}"), "us", value, reach),
            None => figures.add(name, &format!("added {what}"), "us", value),
        }
    }
}

fn lost(rounds: &Rounds, figures: &mut Figures) {
    figures.hold("sidecar", "lost events", "events", spread(rounds, "sidecar", |s| s.outcome.lost as f64), 0.0);
}
