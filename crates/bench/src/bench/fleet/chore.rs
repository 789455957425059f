//! `cargo xtask fleet-check`: a small fleet at a debug build, with gates wide enough for one.

use std::{env, path::PathBuf, time::Duration};

use anyhow::Result;

use super::{Gates, Plan, measure};
use crate::{
    bench::{self, figure::Figures, report::print_judged},
    tools,
};

/// Connects some hundred sidecars to a control plane and judges what it does for them: edits, reconnects, a restart.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many.
    #[arg(long, default_value_t = 500, value_name = "N")]
    sidecars: usize,
    /// The control plane; a debug build of this tree without it.
    #[arg(long, value_name = "FILE")]
    control_plane: Option<PathBuf>,
}

/// Runs it. The last line counts what passed and failed.
pub(crate) fn run(args: &Args) -> Result<()> {
    bench::raise_open_files(args.sidecars)?;
    let binary = match &args.control_plane {
        Some(binary) => binary.clone(),
        None => tools::program("outrigger-control-plane")?,
    };
    let (sidecars, program) = (args.sidecars, env::current_exe()?);
    let (views, routes, calm) = (10, 40, Duration::from_secs(2));
    let plan = Plan { binary, program, sidecars, views, routes, edits: 3, flood: 60, calm, gates: Gates::SMALL };
    let mut figures = Figures::of("fleet");
    let ran = measure(&plan, &mut figures);
    let mut failed = print_judged(&figures.all);
    figures.notes.iter().for_each(|note| println!("  {note}"));
    let passed = figures.judged() - failed;
    if let Err(error) = ran {
        println!("FAIL  {error:#}");
        failed += 1;
    }
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        // Nothing comes behind the last line, not even an error in words.
        std::process::exit(1);
    }
    Ok(())
}
