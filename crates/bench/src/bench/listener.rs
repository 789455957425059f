//! Where a process of a run listens.

use std::{io::Write as _, net::SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::{TcpListener, TcpSocket};

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
