//! Resident memory: idle, under 1,000 streams, under 1,500 prompts of 150 kB at once, and when its connections are gone.

use std::{thread, time::Duration};

use anyhow::{Context as _, Result};

use crate::bench::{
    answers::Shape,
    contender::Contender,
    figure::{Figures, Spread},
    job::{Job, Until},
    policy::OPENAI,
    process, request,
    stage::Stage,
};

const KIB_PER_MIB: f64 = 1024.0;
const IDLE_REACH: f64 = 6.0 * KIB_PER_MIB;
const STREAMS_REACH: f64 = 32.0 * KIB_PER_MIB;
const FLOOD_REACH: f64 = 128.0 * KIB_PER_MIB;
/// What "back to the idle level" means: at most so many times the memory before.
const AFTER_REACH: f64 = 1.25;
/// Sidecars for each load. How many pages of its file an idle one has depends on where in memory the kernel put it.
const EACH: usize = 3;
const CALLERS: usize = 1_500;
const BODY: usize = 150_000;

pub(super) fn run(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let started = || (0..EACH).map(|_| stage.sidecar("sidecar", &["--log=warn"])).collect::<Result<Vec<_>>>();
    let (streaming, flooded) = (started()?, started()?);
    let default = [stage.sidecar("sidecar", &[])?];
    thread::sleep(Duration::from_secs(2));
    let idle = Spread::of([resident(&streaming)?, resident(&flooded)?, resident(&default)?].concat());
    let own: Result<Vec<_>> = streaming.iter().map(|one| line(one, "RssAnon")).collect();
    figures.hold("sidecar", "idle", "KiB", idle, IDLE_REACH);
    figures.add("sidecar", "idle, less what is mapped from the binary", "KiB", Spread::of(own?));
    let idle = idle.context("an idle sidecar")?.median;
    drop(default);

    let mut peaks = Vec::new();
    for one in &streaming {
        peaks.push(stage.round(one, &streams(one))?.rss);
    }
    figures.hold("sidecar", "1,000 streams: highest", "KiB", Spread::of(peaks), STREAMS_REACH);
    let (mut peaks, mut seconds) = (Vec::new(), Vec::new());
    for one in &flooded {
        seconds.push(stage.round(one, &flood(one))?.outcome.seconds);
        peaks.push(line(one, "VmHWM")?);
    }
    figures.hold("sidecar", "1,500 x 150 kB: highest", "KiB", Spread::of(peaks), FLOOD_REACH);
    figures.add("sidecar", "1,500 x 150 kB: all answered within", "s", Spread::of(seconds));

    let bare = Contender::bare(&stage.program, stage.echo, stage.cores)?;
    figures.add("bare", "idle", "KiB", Spread::of([line(&bare, "VmRSS")?]));
    let sample = stage.round(&bare, &flood(&bare))?;
    figures.add("bare", "1,500 x 150 kB: highest", "KiB", Spread::of([sample.rss]));
    figures.add("bare", "1,500 x 150 kB: all answered within", "s", Spread::of([sample.outcome.seconds]));

    for (wait, words) in [(5, "5 s later"), (105, "110 s later")] {
        thread::sleep(Duration::from_secs(wait));
        for (sidecars, load) in [(&streaming, "1,000 streams"), (&flooded, "1,500 x 150 kB")] {
            let after = resident(sidecars)?;
            // Upstream connections are kept for 50 s, pages given back within a minute: only then is it idle again.
            if wait > 100 {
                let label = format!("{load}: {words} / idle");
                let times = Spread::of(after.iter().map(|after| after / idle));
                figures.hold("sidecar", &label, "x", times, AFTER_REACH);
            }
            figures.add("sidecar", &format!("{load}: {words}"), "KiB", Spread::of(after));
        }
    }
    Ok(())
}

fn resident(of: &[Contender]) -> Result<Vec<f64>> {
    of.iter().map(|one| line(one, "VmRSS")).collect()
}

fn line(of: &Contender, line: &str) -> Result<f64> {
    process::memory(of.pid().context("a process")?, line)
}

fn streams(to: &Contender) -> Job {
    Job {
        connections: 1_000,
        warm: 0,
        stagger_us: 200,
        until: Until::Each(2),
        ..request::streamed(to, Shape::Chat, OPENAI, 64, 20)
    }
}

/// All at once, at an upstream that thinks for 300 ms, so that they pile up.
fn flood(to: &Contender) -> Job {
    let mut job = request::whole(to, Shape::Chat, OPENAI, BODY, 1024);
    job.headers.push("x-bench-delay-ms: 300".to_owned());
    Job { connections: CALLERS, warm: 0, until: Until::Each(1), ..job }
}
