//! `cargo xtask llmock`: the sidecar between an application and a provider that fails on demand and judges its client.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::tools;

const FOLDER: &str = "tests/llmock";

/// Runs every fault that the PyPI package `llmock` can script through the sidecar.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only scenarios whose name contains this text.
    filter: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let status = command(args.filter.as_deref())?.stdin(Stdio::null()).status()?;
    if !status.success() {
        bail!("the llmock lane failed");
    }
    Ok(())
}

/// The lane as a command, with everything installed that it needs.
pub(crate) fn command(filter: Option<&str>) -> Result<Command> {
    let folder = tools::root().join(FOLDER);
    let bin = tools::venv("llmock-venv", &folder.join("requirements.txt"))?;
    let binary = tools::program("outrigger")?;
    let mut command = Command::new(bin.join("python"));
    command.arg("-u").arg(folder.join("run.py")).arg("--outrigger").arg(binary).arg("--llmock").arg(bin.join("llmock"));
    command.args(filter);
    Ok(command)
}
