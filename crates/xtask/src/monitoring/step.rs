//! The whole of it: rules without a server, then two servers that read one fleet.

use std::{thread, time::Duration};

use anyhow::{Result, bail, ensure};

use super::{
    ask, compare, dashboards,
    fleet::{Fleet, SIDECARS, Script},
    incidents,
    mode::{Clock, Mode},
    mutants, pair,
    patience::until,
    programs::Programs,
    promtool,
    server::Server,
    told::Told,
};
use crate::tools::Output;

/// How long callers ask before anything is looked at: every misbehaviour comes more than once.
const TRAFFIC: Duration = Duration::from_secs(45);
/// By how much a sum of slices may differ from what it is of: the edges of each, of ten seconds here and of five minutes where
/// it is installed.
const EDGES: f64 = 0.2;
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
    mutants::check(programs, &mut told)?;
    looked_at(programs, &mut told)?;
    incidents::all(programs, &mut told)?;
    Ok(told.output())
}

/// A fleet that misbehaves in every way, and what is shown of it.
fn looked_at(programs: &Programs, told: &mut Told) -> Result<()> {
    let fleet = Fleet::start()?;
    let servers = pair::of(programs, &fleet, Clock::SHORT)?;
    for (_, server) in &servers {
        until(SETTLE, || everybody(server, &fleet))?;
    }
    let [(_, control_plane), (_, pods)] = &servers;
    let traffic = fleet.traffic(&Script::CHECKED);
    thread::sleep(TRAFFIC);
    let same = compare::all(control_plane, pods);
    for (mode, server) in &servers {
        ask::all(server, *mode, told)?;
    }
    told.say("\nthe same records of both");
    for (line, wrong) in same? {
        told.line(&line, wrong.as_deref());
    }
    let asked = traffic.stop();
    told.say(&format!("\n{asked} requests"));
    for (mode, server) in &servers {
        let what = format!("what was spent is the same in metrics and ledger, metrics.from: {}", mode.word());
        told.check(&what, until(SETTLE, || spent(server, &fleet, *mode)));
        let mut apart = 0.0;
        let near = until(SETTLE, || shown(server, &fleet, &mut apart));
        told.check(
            &format!("and on the dashboards, but for {:.1} %, metrics.from: {}", apart * 100.0, mode.word()),
            near,
        );
    }
    Ok(())
}

/// Whether this one has read all programs, and the control plane all sidecars.
fn everybody(server: &Server, fleet: &Fleet) -> Result<()> {
    let one = |expression: &str| Ok::<_, anyhow::Error>(server.query(expression)?.first().map(|sample| sample.value));
    let up = one("sum(up)")?;
    ensure!(up == Some(fleet.targets().len() as f64), "not everybody is read: {up:?}");
    // A first page adds nothing, so each has to be there before anybody asks.
    let (known, pages) = (one("sum(outrigger_fleet_sidecars)")?, one("sum(outrigger_fleet_scrapes_total)")?);
    ensure!(
        known == Some(SIDECARS as f64) && pages >= Some(3.0 * SIDECARS as f64),
        "the control plane knows {known:?} sidecars, by {pages:?} pages"
    );
    Ok(())
}

/// The sum of the counters, and that of the books: to the nano-dollar.
fn spent(server: &Server, fleet: &Fleet, mode: Mode) -> Result<()> {
    let family = match mode {
        Mode::ControlPlane => "outrigger_fleet_cost_nano_usd_total",
        Mode::Pods => "outrigger_cost_nano_usd_total",
    };
    let booked = fleet.booked()?;
    let counted = server.query(&format!("sum({family})"))?.first().map_or(0.0, |sample| sample.value);
    ensure!(booked > 0 && counted == booked as f64, "counted {counted}, booked {booked} nano-dollars");
    Ok(())
}

/// Every panel that shows what was spent in all, over the whole time: as near as sums of slices come. `apart`: how near.
fn shown(server: &Server, fleet: &Fleet, apart: &mut f64) -> Result<()> {
    let booked = fleet.booked()? as f64 / 1e9;
    let mut seen = 0;
    *apart = 0.0;
    for panel in dashboards::all().iter().flat_map(|dashboard| &dashboard.rows).flat_map(|row| &row.panels) {
        for query in panel.queries.iter().filter(|query| query.expr.contains("$__range")) {
            let expression = ask::chosen(&query.expr, Clock::SHORT, "10m");
            let shown: f64 = server.query(&expression)?.iter().map(|sample| sample.value).sum();
            *apart = apart.max((shown - booked).abs() / booked);
            ensure!(
                (shown - booked).abs() <= booked * EDGES,
                "{}: ${shown:.4} is shown, ${booked:.4} booked",
                panel.title
            );
            seen += 1;
        }
    }
    ensure!(seen >= 6, "only {seen} panels show what was spent");
    Ok(())
}
