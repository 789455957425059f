//! `cargo xtask cluster`: a whole cluster of one node on this machine, for stories in which pods run.
//!
//! kubelet, containerd and the rest run as root in mount, network and process namespaces of their own, beside the servers
//! that `cargo xtask kubernetes` runs too. Nothing is installed, nothing is pulled: programs are built from Go modules or
//! unpacked from packages of the machine's own release, images are made here. `down` ends it and looks for what is left.

mod address;
mod cgroups;
mod config;
mod debs;
mod dns;
mod enter;
mod images;
mod kit;
mod left;
mod mounts;
mod needs;
mod node;
mod programs;
mod serve;
mod step;
mod stories;
mod up;

use std::{ffi::OsString, path::PathBuf};

use anyhow::Result;
use clap::Subcommand;

pub(crate) use step::Step;

use crate::tools;

/// A whole Kubernetes cluster of one node, in namespaces of its own: root on Linux, and nothing is installed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Tools(kit::Args),
    Images(images::Args),
    /// Starts a cluster that stays until `down`, building first what is not built.
    Up(Run),
    /// Ends what `up` has started, and fails if anything of it is left.
    Down(Run),
    /// kubectl, as administrator of the cluster.
    Kubectl(Within),
    /// Runs a program in the network of the node, with kubectl and helm on its path: `enter -- curl http://10.96.0.10`.
    Enter(Within),
    /// ctr of the node's containerd: `ctr images ls`.
    Ctr(Within),
    Test(stories::Args),
    #[command(hide = true)]
    Serve(serve::Args),
    #[command(hide = true)]
    Node(node::Args),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The folder of this one; two in different folders do not meet. By default in the build's own folder.
    #[arg(long, value_name = "FOLDER")]
    run: Option<PathBuf>,
}

/// Something to do in a cluster that runs.
#[derive(Debug, clap::Args)]
struct Within {
    #[command(flatten)]
    run: Run,
    /// The program's own words.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

impl Run {
    fn folder(&self) -> Result<PathBuf> {
        let folder = self.run.clone().map_or_else(default_run, Ok)?;
        Ok(std::path::absolute(folder)?)
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Chore::Tools(args) => kit::run(args),
        Chore::Images(args) => images::run(args),
        Chore::Up(run) => up::up(&run.folder()?),
        Chore::Down(run) => up::down(&run.folder()?),
        Chore::Kubectl(within) => enter::run(&within.run.folder()?, Some("kubectl"), &within.words),
        Chore::Enter(within) => enter::run(&within.run.folder()?, None, &within.words),
        Chore::Ctr(within) => enter::ctr(&within.run.folder()?, &within.words),
        Chore::Test(args) => stories::run(args),
        Chore::Serve(args) => serve::run(args),
        Chore::Node(args) => node::run(args),
    }
}

/// Where `up` keeps what it starts: each checkout has its own.
fn default_run() -> Result<PathBuf> {
    Ok(tools::target()?.join("cluster"))
}
