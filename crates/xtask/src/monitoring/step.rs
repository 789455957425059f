//! The whole of it: rules without a server, then two servers that read one fleet.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};

use super::{
    ask,
    fleet::{self, Fleet},
    mode::Mode,
    programs::Programs,
    promtool,
    server::Server,
    told::Told,
};
use crate::tools::Output;

/// How long callers ask before anything is looked at: every misbehaviour comes more than once.
const TRAFFIC: Duration = Duration::from_secs(45);
/// How long figures may take to agree once nobody asks any more.
const SETTLE: Duration = Duration::from_secs(30);

/// What is known of the step before it is its turn.
#[derive(Debug)]
pub(crate) enum Step {
    /// It cannot be done here, in one line.
    Skipped(String),
    Ready(Programs),
}

impl Step {
    /// Fetches what is missing.
    pub(crate) fn prepare() -> Self {
        Programs::ensure().map_or_else(|why| Self::Skipped(one_line(&why)), Self::Ready)
    }

    /// # Errors
    ///
    /// If something does not start. What failed is in the output.
    pub(crate) fn run(&self) -> Result<Output> {
        match self {
            Self::Skipped(why) => bail!("{why}"),
            Self::Ready(programs) => all(programs),
        }
    }
}

/// Why there is none, as one line.
fn one_line(why: &anyhow::Error) -> String {
    format!("{why:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn all(programs: &Programs) -> Result<Output> {
    let mut told = Told::default();
    promtool::check(programs, &mut told)?;
    let fleet = Fleet::start()?;
    let mode = Mode::Pods;
    let folder = fleet.folder().join(mode.file());
    let server = Server::start(programs, mode, &folder, fleet::free()?, &fleet.targets())?;
    until(|| {
        let up = server.query("sum(up)")?.first().map(|sample| sample.value);
        ensure!(up == Some(fleet.targets().len() as f64), "not everybody is read: {up:?}");
        Ok(())
    })?;
    let traffic = fleet.traffic();
    thread::sleep(TRAFFIC);
    ask::all(&server, mode, &mut told)?;
    let asked = traffic.stop();
    told.say(&format!("\n{asked} requests"));
    told.check("what was spent is the same in metrics and ledger", until(|| agree(&server, &fleet)));
    Ok(told.output())
}

/// The sum of the counters, and that of the books: to the nano-dollar.
fn agree(server: &Server, fleet: &Fleet) -> Result<()> {
    let booked = fleet.booked()?;
    let counted = server.query("sum(outrigger_cost_nano_usd_total)")?.first().map_or(0.0, |sample| sample.value);
    ensure!(booked > 0 && counted == booked as f64, "counted {counted}, booked {booked} nano-dollars");
    Ok(())
}

/// Tries until it is so, and not for ever.
fn until(mut attempt: impl FnMut() -> Result<()>) -> Result<()> {
    let began = Instant::now();
    loop {
        match attempt() {
            Err(_) if began.elapsed() < SETTLE => thread::sleep(Duration::from_millis(500)),
            done => return done,
        }
    }
}
