//! Answers that come in one piece.

use anyhow::Result;

use crate::bench::{
    answers::Shape,
    contender::Contender,
    figure::{Figures, Spread},
    job::{Job, Until},
    policy::OPENAI,
    request,
    stage::{Rounds, Stage, added, ratio, spread},
};

/// Added p50 and p99, at most this many times the bare proxy's.
const LATENCY_REACH: f64 = 1.25;
/// CPU per request, at most this many times the bare proxy's.
const CPU_REACH: f64 = 1.3;
/// Microseconds below which an addition is noise, and no measure for another.
const NOISE: f64 = 2.0;

pub(super) fn one_kilobyte(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let seconds = stage.seconds;
    let rounds = with_default_log(stage, |to| Job { until: Until::Seconds(seconds), ..chat(to, 1024) })?;
    latency(&rounds, figures, true);
    Ok(())
}

pub(super) fn ten_kilobytes(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let seconds = stage.seconds;
    let rounds = stage.alternate(|to| Job { until: Until::Seconds(seconds), ..chat(to, 10 << 10) })?;
    latency(&rounds, figures, false);
    cpu(&rounds, figures, None);
    Ok(())
}

pub(super) fn image(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let seconds = stage.seconds;
    let rounds = stage
        .alternate(|to| Job { until: Until::Seconds(seconds), ..request::with_image(to, OPENAI, 1 << 20, 1024) })?;
    latency(&rounds, figures, false);
    cpu(&rounds, figures, None);
    Ok(())
}

pub(super) fn eight_callers(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let seconds = stage.seconds;
    let rounds =
        with_default_log(stage, |to| Job { connections: 8, until: Until::Seconds(seconds), ..chat(to, 1024) })?;
    cpu(&rounds, figures, Some(CPU_REACH));
    Ok(())
}

pub(super) fn saturation(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let seconds = stage.seconds;
    let rounds = stage.alternate(|to| Job { connections: 64, until: Until::Seconds(seconds), ..chat(to, 1024) })?;
    for name in rounds.keys() {
        figures.add(
            name,
            "requests per second",
            "1/s",
            spread(&rounds, name, |s| rate(s.outcome.answered, s.outcome.seconds)),
        );
        if name != "direct" {
            figures.add(name, "core of the proxy in use", "x", spread(&rounds, name, |s| s.load));
        }
    }
    let rates = |of: &str| -> Vec<f64> {
        let samples = rounds.get(of).map(Vec::as_slice).unwrap_or_default();
        samples.iter().map(|s| rate(s.outcome.answered, s.outcome.seconds)).collect()
    };
    figures.add("sidecar", "requests per second / bare", "x", ratio(&rates("sidecar"), &rates("bare"), 0.0));
    Ok(())
}

fn rate(requests: usize, seconds: f64) -> f64 {
    requests as f64 / seconds
}

fn chat(to: &Contender, bytes: usize) -> Job {
    request::whole(to, Shape::Chat, OPENAI, bytes, bytes)
}

/// All contenders, and the sidecar once more with the log it writes unless told otherwise.
fn with_default_log(stage: &mut Stage, job: impl Fn(&Contender) -> Job) -> Result<Rounds> {
    let logging = stage.sidecar("sidecar, default log", &[])?;
    stage.contenders.push(logging);
    let rounds = stage.alternate(job);
    stage.contenders.pop();
    rounds
}

/// Latency of all, what each adds, and the sidecar's addition by the bare proxy's.
fn latency(rounds: &Rounds, figures: &mut Figures, held: bool) {
    for (what, quantity) in [("p50", 0), ("p99", 1)] {
        let of =
            |s: &crate::bench::stage::Sample| if quantity == 0 { s.outcome.latency.p50 } else { s.outcome.latency.p99 };
        figures.add("direct", what, "us", spread(rounds, "direct", of));
        for name in rounds.keys().filter(|name| *name != "direct") {
            figures.add(name, &format!("added {what}"), "us", Spread::of(added(rounds, name, of)));
        }
        let bare = added(rounds, "bare", of);
        for name in rounds.keys().filter(|name| *name != "direct" && *name != "bare") {
            let value = ratio(&added(rounds, name, of), &bare, NOISE);
            let label = format!("added {what} / bare");
            if held && name == "sidecar" {
                figures.hold(name, &label, "x", value, LATENCY_REACH);
            } else {
                figures.add(name, &label, "x", value);
            }
        }
    }
}

/// CPU per request of all whose process is ours, and by the bare proxy's.
fn cpu(rounds: &Rounds, figures: &mut Figures, reach: Option<f64>) {
    let of = |name: &str| -> Vec<f64> {
        rounds.get(name).map(|samples| samples.iter().map(|s| s.cpu).collect()).unwrap_or_default()
    };
    let bare = of("bare");
    for name in rounds.keys().filter(|name| of(name).iter().all(|cpu| *cpu > 0.0)) {
        figures.add(name, "CPU per request", "us", Spread::of(of(name)));
        if name == "bare" {
            continue;
        }
        let value = ratio(&of(name), &bare, 0.0);
        match reach.filter(|_| name == "sidecar") {
            Some(reach) => figures.hold(name, "CPU per request / bare", "x", value, reach),
            None => figures.add(name, "CPU per request / bare", "x", value),
        }
    }
}
