//! The processes of a run: this program once more, in another role.

use std::{io::Write as _, net::SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::{TcpListener, TcpSocket};

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

/// Says on standard output where this process listens.
pub(super) fn announce(addr: SocketAddr) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{addr}").and_then(|()| out.flush()).context("nobody reads our address")
}

/// A listener whose queue takes every connection of the largest lane at once.
pub(super) fn listen(addr: SocketAddr) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(addr)?;
    Ok(socket.listen(4096)?)
}
