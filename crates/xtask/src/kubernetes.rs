//! `cargo xtask kubernetes`: a real API server, for stories and for trying things by hand.
//!
//! etcd, the API server and the controllers run on loopback. There is no node, so pods stay `Pending`. Nothing is
//! installed and no right is needed: the programs are built from Go modules, each checked against `go.sum`.

pub(crate) mod asking;
pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod go;
pub(crate) mod leash;
pub(crate) mod leaving;
pub(crate) mod member;
pub(crate) mod members;
pub(crate) mod pki;
pub(crate) mod place;
pub(crate) mod prepared;
mod progress;
mod serve;
mod step;
mod stories;
mod up;
mod version;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use step::Step;

use crate::tools;

/// Of the folder of one that runs.
const NAME: &str = "kubernetes";

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

/// Which of those that run.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The folder of this one; two in different folders do not meet. By default in the build's own folder.
    #[arg(long, value_name = "FOLDER")]
    run: Option<PathBuf>,
}

impl Run {
    /// Where `up` keeps what it starts: by this name each checkout has its own.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.run.clone().map_or_else(|| Ok(tools::target()?.join(name)), anyhow::Ok)?;
        Ok(std::path::absolute(folder)?)
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Chore::Tools(args) => build::run(args),
        Chore::Up(run) => up::up(&run.folder(NAME)?),
        Chore::Down(run) => up::down(&run.folder(NAME)?),
        Chore::Test(args) => stories::run(args),
        Chore::Serve(args) => serve::run(args),
        Chore::Member(args) => member::run(args),
    }
}
