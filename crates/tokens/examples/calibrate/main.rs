//! `cargo xtask calibrate`: how far the estimates of `crates/tokens` are from recorded usage, and the factors that make
//! them as near as they can be.
//!
//! `OUTRIGGER_TRAFFIC` names the folder of recordings (gzipped JSON lines). A prompt takes part if its answer tells its
//! tokens and its body tells all that costs tokens. Prompts that measure and cost the same count once. Errors are of
//! prompts kept out of the fit: five parts, split by the recording that a prompt is from, since the turns of one
//! conversation resemble each other.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod convert;
mod fit;
mod recorded;
mod report;
mod speed;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use outrigger_chores as tools;

/// Compares estimates of tokens with recorded usage.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask calibrate")]
struct Args {
    /// The folder of recordings.
    #[arg(long, env = "OUTRIGGER_TRAFFIC")]
    traffic: PathBuf,
    /// Write the fitted factors, dated so (YYYY-MM-DD), to the source of `crates/tokens`.
    #[arg(long, value_name = "DATE")]
    write: Option<String>,
    /// Measure the vocabulary too: time to load, memory, speed. For figures that mean something:
    /// `cargo run --release --package outrigger-tokens --example calibrate -- --speed`.
    #[arg(long)]
    speed: bool,
    /// List the prompts that are furthest off, of this family or of all.
    #[arg(long, value_name = "FAMILY", num_args = 0..=1, default_missing_value = "")]
    worst: Option<String>,
}

/// Fits, compares and prints.
fn main() -> Result<()> {
    let args = Args::parse();
    // Before anything else takes memory that the vocabulary would then reuse.
    let counter = if args.speed { speed::load() } else { outrigger_tokens::Counter::load() };
    let recorded = recorded::read(&args.traffic)?;
    if args.speed {
        speed::count(&counter, &recorded);
    }
    let samples = recorded::samples(&recorded, &counter);
    let fitted = fit::fit(&samples);
    report::print(&recorded, &samples, &fitted);
    if let Some(family) = &args.worst {
        report::worst(&samples, &fitted, family);
    }
    if let Some(date) = &args.write {
        let path = tools::root().join("crates/tokens/src/factors/table.rs");
        std::fs::write(&path, report::table(&fitted, date)).context("cannot write the table of factors")?;
        tools::succeed(std::process::Command::new("rustfmt").args(["--edition", "2024"]).arg(&path))?;
        println!("wrote crates/tokens/src/factors/table.rs");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
