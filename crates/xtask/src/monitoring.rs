//! `cargo xtask monitoring`: recording rules, alerts and dashboards, made from tables, and held to a real Prometheus that reads
//! a fleet under faults.
//!
//! They are of the chores and no crate: nothing that runs in a cluster knows of them, and what they name is in the inventory
//! that the programs print.

mod alerts;
mod ask;
mod compare;
mod dashboards;
mod files;
mod fleet;
mod grafana;
mod http;
mod mode;
mod print;
mod programs;
mod promtool;
mod rules;
mod server;
mod step;
mod stories;
mod told;

use anyhow::{Result, bail};

pub(crate) use files::all as files;
pub(crate) use step::Step;

/// Holds recording rules, alerts and dashboards to a real Prometheus that reads a fleet under faults.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    let step = Step::prepare();
    if let Step::Skipped(why) = &step {
        println!("skip  monitoring: {why}");
        return Ok(());
    }
    let output = step.run()?;
    print!("{}", output.text);
    if !output.ok {
        bail!("monitoring failed; what it said is above");
    }
    Ok(())
}
