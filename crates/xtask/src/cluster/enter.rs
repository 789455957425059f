//! Running a program in the network of a node: from outside nothing of a cluster can be reached.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{address, kit, node};
use crate::kubernetes::{pki, place::Place};

/// The folder of a cluster that runs already.
pub(super) const GIVEN: &str = "OUTRIGGER_TEST_NODE";

/// Becomes this program, with these words.
pub(super) fn run(run: &Path, program: Option<&str>, words: &[OsString]) -> Result<()> {
    let first = first(run)?;
    let kit = kit::there()?.context("the programs are not there any more: cargo xtask cluster tools")?;
    let (program, words) = match (program, words) {
        (Some(program), words) => (OsString::from(program), words),
        (None, [program, words @ ..]) => (program.clone(), words),
        (None, []) => bail!("no program is named: cargo xtask cluster enter -- PROGRAM..."),
    };
    enter(&format!("/proc/{first}/ns/net"))?;
    let path = format!("{}:{}", kit.commands(), env::var_os("PATH").unwrap_or_default().display());
    let mut command = Command::new(&program);
    command.args(words).env("PATH", &path).env("KUBECONFIG", kubeconfig(run)).env(GIVEN, run);
    // The path that it is looked for on is ours, not the one that it is given.
    if let Some(found) = env::split_paths(&path).map(|folder| folder.join(&program)).find(|path| path.is_file()) {
        command = with_program(&found, command);
    }
    Err(command.exec()).with_context(|| format!("cannot start {}", program.display()))
}

/// `cargo xtask cluster ctr`.
pub(super) fn ctr(run: &Path, words: &[OsString]) -> Result<()> {
    let kit = kit::there()?.context("the programs are not there any more: cargo xtask cluster tools")?;
    Err(node::ctr(&kit, &socket(run)?).args(words).exec()).context("cannot start ctr")
}

/// containerd's socket, as it is seen from outside.
pub(super) fn socket(run: &Path) -> Result<String> {
    Ok(format!("/proc/{}/root{}", first(run)?, address::CONTAINERD))
}

/// The number of the node's first process, as it is outside.
fn first(run: &Path) -> Result<String> {
    let place = Place::at(run);
    if place.read_ready().is_none() || !place.runs() {
        bail!("no cluster runs in {}: cargo xtask cluster up", run.display());
    }
    Ok(fs::read_to_string(place.pid("init"))?.trim().to_owned())
}

/// kubectl's file of the administrator.
fn kubeconfig(run: &Path) -> PathBuf {
    Place::at(run).kubeconfig(pki::ADMIN)
}

fn with_program(found: &Path, other: Command) -> Command {
    let mut command = Command::new(found);
    command.args(other.get_args());
    command.envs(other.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[cfg(target_os = "linux")]
fn enter(space: &str) -> Result<()> {
    use std::os::fd::AsFd as _;
    let file = fs::File::open(space).with_context(|| format!("cannot open {space}: this takes root"))?;
    let kind = Some(rustix::thread::LinkNameSpaceType::Network);
    rustix::thread::move_into_link_name_space(file.as_fd(), kind).context("cannot enter the network of the node")
}

#[cfg(not(target_os = "linux"))]
fn enter(_: &str) -> Result<()> {
    bail!("a node runs on Linux alone")
}
