//! `cargo xtask charts`: what of the charts needs Helm. What is printed without it is `cargo xtask generate`'s.

mod chart;
pub(crate) mod helm;
mod manifests;
mod print;
mod schema;
mod step;
mod test;
mod values;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use chart::{Chart, all};
pub(crate) use step::Step;

/// Renders deploy/kubernetes from the chart, with Helm; `test` tests the charts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail if a file differs from what the chart renders.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Chore>,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Test(test::Args),
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        None => manifests::run(args.check),
        Some(Chore::Test(args)) => test::run(args),
    }
}
