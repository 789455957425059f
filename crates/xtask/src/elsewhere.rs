//! Chores that live beside what they measure, in crates of their own: built when somebody asks for them.

use std::{
    env::{self, consts::EXE_SUFFIX},
    ffi::OsString,
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::tools;

/// What one of them is told.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Its own words: `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// One of `crates/bench`, as tests have it: it builds what is to be fast itself.
pub(crate) fn bench(chore: &str, args: &Args) -> Result<()> {
    if !tools::build_programs().status().context("cannot start cargo")?.success() {
        bail!("the build failed; what cargo said is above");
    }
    end_as(Command::new(tools::debug()?.join(format!("outrigger-bench{EXE_SUFFIX}"))).arg(chore).args(&args.words))
}

/// That of `crates/tokens`.
pub(crate) fn calibrate(args: &Args) -> Result<()> {
    let words = ["run", "--quiet", "--package", "outrigger-tokens", "--example", "calibrate", "--"];
    // Paths that it is told are where we were called.
    end_as(tools::cargo().current_dir(env::current_dir()?).args(words).args(&args.words))
}

fn end_as(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if status.success() { Ok(()) } else { std::process::exit(status.code().unwrap_or(1)) }
}
