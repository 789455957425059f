//! What fifty large uploads do to the small requests beside them (H4).

use anyhow::Result;

use crate::bench::{
    answers::Shape,
    figure::{Figures, Spread},
    job::{Job, Until},
    policy::OPENAI,
    request,
    stage::{Sample, Stage},
    uploads::{Tally, Uploads},
};

/// p99 beside the uploads, at most this many times p99 alone: both share their cores with the uploads, and none waits.
const REACH: f64 = 5.0;

pub(super) fn run(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let contenders = std::mem::take(&mut stage.contenders);
    for contender in contenders.iter().filter(|one| matches!(one.name.as_str(), "bare" | "sidecar")) {
        let seconds = stage.seconds.max(2.0);
        let chat = request::whole(contender, Shape::Chat, OPENAI, 1024, 1024);
        let job = Job { until: Until::Seconds(seconds), ..chat };
        let (mut ratios, mut p99s, mut rss, mut tally) = (Vec::new(), Vec::new(), Vec::new(), Tally::default());
        for _ in 0..stage.repetitions {
            let alone = stage.round(contender, &job)?.outcome.latency.p99;
            let uploads = Uploads::start(contender.addr, &job.path, OPENAI)?;
            let beside = stage.round(contender, &job);
            tally.add(uploads.stop());
            let Sample { outcome, rss: peak, .. } = beside?;
            ratios.push(outcome.latency.p99 / alone);
            p99s.push(outcome.latency.p99);
            rss.push(peak);
        }
        let name = contender.name.as_str();
        let label = "p99 of 1 KB beside 50 uploads of 20 MiB / alone";
        match name {
            "sidecar" => figures.hold(name, label, "x", Spread::of(ratios), REACH),
            _ => figures.add(name, label, "x", Spread::of(ratios)),
        }
        figures.add(name, "p99 of 1 KB beside 50 uploads of 20 MiB", "us", Spread::of(p99s));
        figures.add(name, "highest memory beside 50 uploads of 20 MiB", "KiB", Spread::of(rss));
        figures.notes.push(format!("{name}: {tally}"));
    }
    stage.contenders = contenders;
    Ok(())
}
