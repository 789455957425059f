//! Chores that live beside what they measure, in crates of their own: built when somebody asks for them.

use std::{
    env,
    ffi::{OsStr, OsString},
};

use anyhow::{Context as _, Result};

use crate::tools;

/// What one of them is told.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Its own words: `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// One of `crates/bench`.
pub(crate) fn bench(chore: &str, args: &Args) -> Result<()> {
    run(&["--package", "outrigger-bench", "--bin", "outrigger-bench"], Some(chore), args)
}

/// That of `crates/tokens`.
pub(crate) fn calibrate(args: &Args) -> Result<()> {
    run(&["--package", "outrigger-tokens", "--example", "calibrate"], None, args)
}

/// Ends as it ends.
fn run(which: &[&str], chore: Option<&str>, args: &Args) -> Result<()> {
    let mut cargo = tools::cargo();
    // Paths that it is told are where we were called.
    cargo.current_dir(env::current_dir()?).args(["run", "--quiet"]).args(which).arg("--");
    cargo.args(chore.map(OsStr::new)).args(&args.words);
    let status = cargo.status().context("cannot start cargo")?;
    if status.success() { Ok(()) } else { std::process::exit(status.code().unwrap_or(1)) }
}
