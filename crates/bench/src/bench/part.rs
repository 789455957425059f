//! The processes of a run: this program once more, in another role.

use std::net::SocketAddr;

use anyhow::Result;

use super::{bare, echo, fleet, load};

/// One process of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, clap::Subcommand)]
enum Role {
    /// The upstream.
    Echo {
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// The bare proxy.
    Bare {
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// The callers: a job per line of standard input, its outcome per line of standard output.
    Load,
    /// The sidecars of a fleet: a command per line of standard input, its answer per line of standard output.
    Sidecars,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.role {
        Role::Echo { port } => echo::run(*port),
        Role::Bare { upstream } => bare::run(*upstream),
        Role::Load => load::run(),
        Role::Sidecars => fleet::client::run(),
    }
}
