//! What a primary that fails adds to a request that the next one answers. Each request has a primary of its own, or the
//! second would find it cooling and not ask it; each repetition has a sidecar of its own.

use std::net::TcpListener;

use anyhow::Result;

use crate::bench::{
    answers::Shape,
    figure::{Figures, Spread},
    job::{Job, Until},
    policy::{self, OPENAI},
    request,
    stage::Stage,
};

/// Microseconds that a refused primary may add.
const REFUSED_REACH: f64 = 2_000.0;
/// What `policy::troubled` allows for the first token, in microseconds.
const FIRST_TOKEN: f64 = 200_000.0;

/// What is wrong with the primary.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    Refuses,
    Fails,
    Hangs,
}

pub(super) fn run(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    for (trouble, words) in [
        (Trouble::Refuses, "the primary refuses connections"),
        (Trouble::Fails, "the primary answers 503"),
        (Trouble::Hangs, "the primary hangs, less firstToken of 200 ms"),
    ] {
        let (mut half, mut most) = (Vec::new(), Vec::new());
        for _ in 0..stage.repetitions {
            let (p50, p99) = added(stage, trouble)?;
            half.push(p50);
            most.push(p99);
        }
        let label = |what: &str| format!("{words}: added {what}");
        if trouble == Trouble::Refuses {
            figures.hold("sidecar", &label("p50"), "us", Spread::of(half), REFUSED_REACH);
        } else {
            figures.add("sidecar", &label("p50"), "us", Spread::of(half));
        }
        figures.add("sidecar", &label("p99"), "us", Spread::of(most));
    }
    Ok(())
}

/// Added p50 and p99.
fn added(stage: &mut Stage, trouble: Trouble) -> Result<(f64, f64)> {
    let count = if trouble == Trouble::Hangs { 10 } else { 100 };
    // Nobody listens where somebody just did.
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let echo = stage.echo;
    let policy = policy::troubled(echo, count, |n| match trouble {
        Trouble::Refuses => format!("http://{closed}/{n}/v1"),
        Trouble::Fails => format!("http://{echo}/fail/{n}/v1"),
        Trouble::Hangs => format!("http://{echo}/hang/{n}/v1"),
    });
    let sidecar = stage.sidecar_with("sidecar", &policy, &["--log=off"])?;
    let job = match trouble {
        // `firstToken` is a clock on streams.
        Trouble::Hangs => request::streamed(&sidecar, Shape::Chat, OPENAI, 4, 0),
        _ => request::whole(&sidecar, Shape::Chat, OPENAI, 1024, 1024),
    };
    let healthy = Job { until: Until::Each(200), ..job.clone() };
    let bodies = (0..count).map(|n| request::for_route(&job, OPENAI, &format!("trouble-{n}"))).collect();
    let head_has = "x-outrigger-attempts: 2\r\n".to_owned();
    let troubled = Job { bodies, until: Until::Each(count), head_has, ..job };
    let healthy = stage.round(&sidecar, &healthy)?.outcome.latency;
    let troubled = stage.round(&sidecar, &troubled)?.outcome.latency;
    let expected = if trouble == Trouble::Hangs { FIRST_TOKEN } else { 0.0 };
    Ok((troubled.p50 - healthy.p50 - expected, troubled.p99 - healthy.p99 - expected))
}
