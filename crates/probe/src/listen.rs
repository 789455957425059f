//! Where the pages are.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 128;

/// An address as people write it: `*:4121`, `127.0.0.1:4121`, `[::]:4121`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `*:PORT`: every address of the machine, IPv6 and IPv4 where there is IPv6, else IPv4.
    Every(u16),
    /// This one.
    At(SocketAddr),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let every = text.strip_prefix("*:").and_then(|port| port.parse().ok()).map(Self::Every);
        every.or_else(|| text.parse().ok().map(Self::At)).ok_or_else(|| {
            "write it as *:PORT for every address, or as an IP address and a port: 127.0.0.1:4121, [::1]:4121"
                .to_owned()
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(port) => write!(f, "*:{port}"),
            Self::At(address) => address.fmt(f),
        }
    }
}

/// Listens there. Within a runtime.
///
/// # Errors
///
/// A port that cannot be bound; the message says which and what to do.
pub fn bind(listen: Listen) -> io::Result<TcpListener> {
    let bound = match listen {
        Listen::At(address) => bind_at(address, false),
        // A kernel without IPv6 has no such sockets, and one that has it switched off no such addresses.
        Listen::Every(port) => {
            bind_at((Ipv6Addr::UNSPECIFIED, port).into(), true).or_else(|error| match error.kind() {
                io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
                _ => bind_at((Ipv4Addr::UNSPECIFIED, port).into(), false),
            })
        }
    };
    bound.map_err(|error| {
        let hint = "choose another with --probe-listen";
        io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}; {hint}"))
    })
}

fn bind_at(address: SocketAddr, both: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if both {
        // Whatever `net.ipv6.bindv6only` says.
        rustix::net::sockopt::set_ipv6_v6only(&socket, false)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[test]
    fn an_address_is_a_star_or_an_ip() {
        for (text, listen) in [
            ("*:4121", Listen::Every(4121)),
            ("127.0.0.1:1", Listen::At(([127, 0, 0, 1], 1).into())),
            ("[::]:4121", Listen::At((Ipv6Addr::UNSPECIFIED, 4121).into())),
        ] {
            assert_eq!(text.parse(), Ok(listen));
            assert_eq!(listen.to_string(), text);
        }
        for bad in ["", "*", "*:", "*:70000", "4121", ":4121", "localhost:4121", "::1:4121"] {
            assert!(bad.parse::<Listen>().unwrap_err().contains("*:PORT"), "{bad}");
        }
    }

    #[tokio::test]
    async fn every_address_is_of_both_families() {
        let listener = bind(Listen::Every(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok());
        // Where this machine has IPv6 at all.
        if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_with_the_setting() {
        let first = bind(Listen::At(([127, 0, 0, 1], 0).into())).unwrap();
        let why = bind(Listen::At(first.local_addr().unwrap())).unwrap_err().to_string();
        assert!(why.contains("--probe-listen"), "{why}");
    }
}
