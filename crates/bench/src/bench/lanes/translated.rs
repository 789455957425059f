//! What it costs when the upstream speaks another dialect than the caller: CPU of the sidecar, by that of the same
//! caller at an upstream of its own dialect.

use anyhow::Result;

use crate::bench::{
    answers::Shape,
    contender::Contender,
    figure::{Figures, Spread},
    job::{Job, Until},
    policy::{ANTHROPIC, OPENAI},
    request,
    stage::{Sample, Stage, ratio},
};

/// CPU of a translated request, at most this many times the same-dialect one's.
const REACH: f64 = 2.0;
const EVENTS: usize = 64;

/// How an answer comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Whole,
    /// Event by event, as models write.
    Paced,
    /// All events in one write: translation with the fewest system calls around it.
    Burst,
}

pub(super) fn run(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let sidecar = stage.sidecar("sidecar", &["--log=warn"])?;
    let bare = Contender::bare(&stage.program, stage.echo, stage.cores)?;
    for (caller, shape, same, other) in [
        ("chat caller, Anthropic upstream", Shape::Chat, OPENAI, ANTHROPIC),
        ("Messages caller, OpenAI upstream", Shape::Messages, ANTHROPIC, OPENAI),
    ] {
        for (form, words) in
            [(Form::Whole, "whole, 1 KB"), (Form::Paced, "64 events 2 ms apart"), (Form::Burst, "64 events at once")]
        {
            let (mut bared, mut passed, mut translated) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..stage.repetitions {
                bared.push(stage.round(&bare, &job(stage, &bare, shape, same, form))?);
                passed.push(stage.round(&sidecar, &job(stage, &sidecar, shape, same, form))?);
                translated.push(stage.round(&sidecar, &job(stage, &sidecar, shape, other, form))?);
            }
            let cpu = |samples: &[Sample]| samples.iter().map(|s| s.cpu).collect::<Vec<f64>>();
            let (bared, passed, translated) = (cpu(&bared), cpu(&passed), cpu(&translated));
            let label = |what: &str| format!("{caller}, {words}: {what}");
            figures.add("bare", &label("CPU"), "us", Spread::of(bared.clone()));
            figures.add("sidecar", &label("CPU passed through"), "us", Spread::of(passed.clone()));
            figures.add("sidecar", &label("CPU translated"), "us", Spread::of(translated.clone()));
            let through = ratio(&passed, &bared, 0.0);
            figures.add("sidecar", &label("CPU passed through / bare"), "x", through);
            figures.hold(
                "sidecar",
                &label("CPU translated / passed through"),
                "x",
                ratio(&translated, &passed, 0.0),
                REACH,
            );
        }
    }
    Ok(())
}

fn job(stage: &Stage, to: &Contender, shape: Shape, route: &str, form: Form) -> Job {
    let job = match form {
        Form::Whole => request::whole(to, shape, route, 1024, 1024),
        Form::Paced => request::streamed(to, shape, route, EVENTS, 2),
        Form::Burst => request::streamed(to, shape, route, EVENTS, 0),
    };
    let connections = if form == Form::Paced { 64 } else { 8 };
    let seconds = stage.seconds * 0.6;
    Job { connections, warm: 2, until: Until::Seconds(seconds), ..job }
}
