//! `cargo xtask cluster`: a whole cluster of one node on this machine, for stories in which pods run.
//!
//! kubelet, containerd and the rest run as root in mount, network and process namespaces of their own, beside the servers
//! that `cargo xtask kubernetes` runs too. Nothing is installed, nothing is pulled: programs are built from Go modules or
//! unpacked from packages of the machine's own release, images are made here. `down` ends it and looks for what is left.

mod address;
mod cgroups;
mod config;
pub(crate) mod debs;
mod dns;
mod enter;
mod images;
mod kit;
mod left;
mod mounts;
mod names;
mod needs;
mod node;
mod programs;
mod serve;
mod step;
mod stories;
mod tools;
mod up;

use std::ffi::OsString;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use step::Step;

use crate::kubernetes::Run;
use names::NAME;

/// A whole Kubernetes cluster of one node, in namespaces of its own: root on Linux, and nothing is installed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Tools(tools::Args),
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

/// Something to do in a cluster that runs.
#[derive(Debug, clap::Args)]
struct Within {
    #[command(flatten)]
    run: Run,
    /// The program's own words.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Chore::Tools(args) => tools::run(args),
        Chore::Images(args) => images::run(args),
        Chore::Up(run) => up::up(&run.folder(NAME)?),
        Chore::Down(run) => up::down(&run.folder(NAME)?),
        Chore::Kubectl(within) => enter::run(&within.run.folder(NAME)?, Some("kubectl"), &within.words),
        Chore::Enter(within) => enter::run(&within.run.folder(NAME)?, None, &within.words),
        Chore::Ctr(within) => enter::ctr(&within.run.folder(NAME)?, &within.words),
        Chore::Test(args) => stories::run(args),
        Chore::Serve(args) => serve::run(args),
        Chore::Node(args) => node::run(args),
    }
}
