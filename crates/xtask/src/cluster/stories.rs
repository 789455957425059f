//! `cargo xtask cluster test`: the stories in which pods run, `tests/node`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{enter::GIVEN, images, kit, needs, up::Running};
use crate::tools;

const BINARY: &str = "node";
/// The command line, where stories find it.
const CLI: &str = "OUTRIGGER_TEST_CLI";

/// Runs the stories in which pods run, on a cluster of their own or on the one that `OUTRIGGER_TEST_NODE` names, and
/// fails if that leaves anything behind.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Words for the runner of the stories: part of a name, `--nocapture`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if let Some(why) = needs::missing() {
        bail!("no cluster here: {why}");
    }
    let binary = binary()?;
    if let Some(run) = std::env::var_os(GIVEN) {
        let status = command(Path::new(&run), &binary)?.args(&args.words).status()?;
        return if status.success() { Ok(()) } else { bail!("stories failed; what they said is above") };
    }
    let kit = kit::ensure()?;
    let images = images::all(&kit)?;
    let running = Running::start(&images)?;
    let status = command(&running.folder(), &binary)?.args(&args.words).status()?;
    let began = Instant::now();
    let left = running.end()?;
    println!("the cluster has ended in {:.1} s", began.elapsed().as_secs_f64());
    if !left.is_empty() {
        bail!("the cluster has left something:\n  {}", left.join("\n  "));
    }
    if !status.success() {
        bail!("stories failed; what they said is above");
    }
    Ok(())
}

/// The stories as a command, in the network of the cluster in this folder.
pub(super) fn command(run: &Path, binary: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["cluster", "enter", "--run"]).arg(run).arg("--").arg(binary).arg("--ignored");
    // All at once: how many go at one time is said by the stories, and those that are to be alone come last.
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", "100");
    }
    command.env(CLI, images::program("outrigger")?).current_dir(tools::root());
    Ok(command)
}

/// The runner of the stories, built.
pub(super) fn binary() -> Result<PathBuf> {
    let words = ["test", "--quiet", "--workspace", "--test", BINARY, "--no-run", "--message-format=json"];
    let said = tools::succeed(tools::cargo().args(words))?;
    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ours = lines.filter(|line| line["target"]["name"] == BINARY);
    let path = ours.find_map(|line| line["executable"].as_str().map(PathBuf::from));
    path.context("cargo names no runner of the stories")
}
