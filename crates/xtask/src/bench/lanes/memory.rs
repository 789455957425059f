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
const CALLERS: usize = 1_500;
const BODY: usize = 150_000;

pub(super) fn run(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let streaming = stage.sidecar("sidecar", &["--log=warn"])?;
    let flooded = stage.sidecar("sidecar", &["--log=warn"])?;
    let default = stage.sidecar("sidecar", &[])?;
    thread::sleep(Duration::from_secs(2));
    let idle = [resident(&streaming)?, resident(&flooded)?, resident(&default)?];
    figures.hold("sidecar", "idle", "KiB", Spread::of(idle), IDLE_REACH);
    let pid = default.pid().context("a process")?;
    let own = Spread::of([process::memory(pid, "RssAnon")?]);
    figures.add("sidecar", "idle, less what is mapped from the binary", "KiB", own);
    drop(default);

    let sample = stage.round(&streaming, &streams(&streaming))?;
    figures.hold("sidecar", "1,000 streams: highest", "KiB", Spread::of([sample.rss]), STREAMS_REACH);
    let mut job = flood(&flooded);
    let sample = stage.round(&flooded, &job)?;
    let peak = process::memory(flooded.pid().context("a process")?, "VmHWM")?;
    figures.hold("sidecar", "1,500 x 150 kB: highest", "KiB", Spread::of([peak]), FLOOD_REACH);
    figures.add("sidecar", "1,500 x 150 kB: all answered within", "s", Spread::of([sample.outcome.seconds]));

    let bare = Contender::bare(&stage.program, stage.echo, stage.cores)?;
    figures.add("bare", "idle", "KiB", Spread::of([resident(&bare)?]));
    job.addr = bare.addr;
    let sample = stage.round(&bare, &job)?;
    figures.add("bare", "1,500 x 150 kB: highest", "KiB", Spread::of([sample.rss]));
    figures.add("bare", "1,500 x 150 kB: all answered within", "s", Spread::of([sample.outcome.seconds]));

    for (wait, words) in [(5, "5 s later"), (105, "110 s later")] {
        thread::sleep(Duration::from_secs(wait));
        for (sidecar, idle, load) in [(&streaming, idle[0], "1,000 streams"), (&flooded, idle[1], "1,500 x 150 kB")] {
            let after = resident(sidecar)?;
            figures.add("sidecar", &format!("{load}: {words}"), "KiB", Spread::of([after]));
            // Upstream connections are kept for 50 s and looked at every 50 s: only then is it idle again.
            if wait > 100 {
                let label = format!("{load}: {words} / idle");
                figures.hold("sidecar", &label, "x", Spread::of([after / idle]), AFTER_REACH);
            }
        }
    }
    Ok(())
}

fn resident(of: &Contender) -> Result<f64> {
    process::memory(of.pid().context("a process")?, "VmRSS")
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
