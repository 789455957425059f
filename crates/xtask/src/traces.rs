//! `cargo xtask traces`: what a receiver of traces that is not ours, Arize Phoenix, makes of those of a sidecar. It is fetched once,
//! beside what is kept of Kubernetes, and not for each checkout: it is 850 MB.

#[cfg(test)]
mod collector;

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::{
    kubernetes::cache,
    tools::{self, Output},
};

/// Says to tests where its programs are.
const BIN: &str = "OUTRIGGER_PHOENIX";
/// Everything that it is made of, as it was tried.
const REQUIREMENTS: &str = "tests/traces/requirements.txt";

/// The story with the receiver, shown as it goes.
pub(crate) fn run() -> Result<()> {
    let bin = phoenix()?;
    tools::succeed(&mut tools::build_programs())?;
    if !tests().env(BIN, bin).status()?.success() {
        bail!("it failed");
    }
    Ok(())
}

fn tests() -> Command {
    let mut cargo = tools::cargo();
    cargo.args(["test", "--workspace", "--test", "it", "--", "--ignored", "phoenix::"]);
    cargo
}

fn phoenix() -> Result<PathBuf> {
    tools::venv_in(&cache::root()?.join("phoenix"), &tools::root().join(REQUIREMENTS))
}

/// The same as a step of `cargo xtask test`.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is there.
    Ready(PathBuf),
    /// It is not, for this reason.
    Skipped(String),
}

impl Step {
    /// Fetches it.
    pub(crate) fn prepare() -> Self {
        match phoenix() {
            Ok(bin) => Self::Ready(bin),
            Err(why) => Self::Skipped(format!("Arize Phoenix is not to be had here: {why:#}")),
        }
    }
}

/// The story.
pub(crate) fn step(bin: PathBuf) -> Result<Output> {
    tools::capture(tests().env(BIN, bin).env("CARGO_TERM_COLOR", "never"))
}
