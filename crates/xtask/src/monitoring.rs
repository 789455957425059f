//! `cargo xtask monitoring`: recording rules, alerts and dashboards, made from tables, and held to a real Prometheus that reads
//! a fleet under faults.
//!
//! They are of the chores and no crate: nothing that runs in a cluster knows of them, and what they name is in the inventory
//! that the programs print.

mod alerts;
mod ask;
mod compare;
mod dashboards;
mod draw;
mod files;
mod fleet;
mod grafana;
mod http;
mod incidents;
mod mode;
mod mutants;
mod pair;
mod patience;
mod print;
mod programs;
mod promtool;
mod rules;
mod runbooks;
mod server;
mod step;
mod stories;
mod told;

use anyhow::{Result, bail};
use clap::Subcommand;

pub(crate) use files::all as files;
pub(crate) use step::Step;

/// Holds recording rules, alerts and dashboards to a real Prometheus that reads a fleet under faults.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Chore>,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Draw(draw::Args),
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(Chore::Draw(args)) = &args.command {
        return draw::run(args);
    }
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
