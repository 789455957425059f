//! `cargo xtask kubernetes`: a real API server, for stories and for trying things by hand.
//!
//! etcd, the API server and the controllers run on loopback. There is no node, so pods stay `Pending`. Nothing is
//! installed and no right is needed: the programs are built from Go modules, each checked against `go.sum`.

mod build;
pub(crate) mod cache;
mod go;
mod leash;
mod member;
mod members;
mod pki;
mod place;
mod progress;
mod serve;
mod step;
mod stories;
mod up;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use step::Step;

use crate::tools;

/// What is built; `tests/cluster/kubernetes/go.mod` names the same.
const VERSION: &str = "v1.36.4";
/// Where the modules and their checksums are listed, below the root of the repository.
const MODULES: &str = "tests/cluster/kubernetes";

/// A real Kubernetes API server on loopback, with etcd and the controllers, and without a node.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Tools(build::Args),
    /// Starts an API server that stays until `down`, building it first where it is not built.
    Up(Run),
    /// Ends what `up` has started, and removes all of it.
    Down(Run),
    Test(stories::Args),
    #[command(hide = true)]
    Serve(serve::Args),
    #[command(hide = true)]
    Member(member::Args),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The folder of this one; two in different folders do not meet. By default in the build's own folder.
    #[arg(long, value_name = "FOLDER")]
    run: Option<PathBuf>,
}

impl Run {
    fn folder(&self) -> Result<PathBuf> {
        self.run.clone().map_or_else(default_run, Ok)
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Chore::Tools(args) => build::run(args),
        Chore::Up(run) => up::up(&run.folder()?),
        Chore::Down(run) => up::down(&run.folder()?),
        Chore::Test(args) => stories::run(args),
        Chore::Serve(args) => serve::run(args),
        Chore::Member(args) => member::run(args),
    }
}

/// Where `up` keeps what it starts: each checkout has its own.
fn default_run() -> Result<PathBuf> {
    Ok(tools::target()?.join("kubernetes"))
}
