//! Whether whoever is at the other end of a local connection can still read. A caller that closes its sending half after its
//! request and one that closed altogether send the same FIN; the kernel, in whose hands both ends are, tells them apart.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType,
    netlink::{SOCK_DIAG, SocketAddrNetlink},
    recv, sendto, socket_with,
};

/// `sock_diag(7)`: a `nlmsghdr`, then `inet_diag_req_v2`.
const QUESTION: usize = 72;
/// `SOCK_DIAG_BY_FAMILY`, as request and as answer.
const BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const TCP: u8 = 6;
/// Where `idiag_inode` stands in the answer: behind `nlmsghdr` (16) and, in `inet_diag_msg`, 4 + 48 + 16 bytes.
const INODE: usize = 84;

/// Whether a process still has the socket at `peer` open, whose other end is `own`. `false` also where the kernel does not
/// say: on another machine, in another network namespace, where it may not be asked.
pub(super) fn is_open(own: SocketAddr, peer: SocketAddr) -> bool {
    ask(own, peer).unwrap_or(false)
}

/// One question, answered before the call returns: the kernel answers it while it is sent.
fn ask(own: SocketAddr, peer: SocketAddr) -> io::Result<bool> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(SOCK_DIAG))?;
    sendto(&socket, &question(own, peer), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0; 512];
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty())?;
    Ok(has_inode(&answer[..length.min(answer.len())]))
}

/// Asks for the one socket whose own end is `peer`.
fn question(own: SocketAddr, peer: SocketAddr) -> [u8; QUESTION] {
    let mut text = [0; QUESTION];
    let mut put = |at: usize, bytes: &[u8]| text[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(QUESTION as u32).to_ne_bytes());
    put(4, &BY_FAMILY.to_ne_bytes());
    put(6, &NLM_F_REQUEST.to_ne_bytes());
    let family = if peer.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    put(16, &[family.as_raw() as u8, TCP]);
    // In every state.
    put(20, &u32::MAX.to_ne_bytes());
    put(24, &peer.port().to_be_bytes());
    put(26, &own.port().to_be_bytes());
    for (at, ip) in [(28, peer.ip()), (44, own.ip())] {
        match ip {
            IpAddr::V4(ip) => put(at, &ip.octets()),
            IpAddr::V6(ip) => put(at, &ip.octets()),
        }
    }
    // `INET_DIAG_NOCOOKIE`.
    put(64, &[0xff; 8]);
    text
}

/// A socket that no process has open any more has none; an error is no socket.
fn has_inode(answer: &[u8]) -> bool {
    let kind = answer.get(4..6).map(|bytes| u16::from_ne_bytes([bytes[0], bytes[1]]));
    let inode = answer.get(INODE..INODE + 4);
    kind == Some(BY_FAMILY) && inode.is_some_and(|inode| inode != [0; 4])
}

#[cfg(test)]
mod tests {
    use std::{
        net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream},
        thread,
        time::Duration,
    };

    use super::*;

    /// H23, X1: half closed is open, closed is not, whichever family it is.
    #[test]
    fn a_half_closed_socket_is_told_from_a_closed_one() {
        for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            let Ok(listener) = TcpListener::bind((ip, 0)) else {
                assert!(ip.is_ipv6(), "no IPv4");
                continue;
            };
            let caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (ours, peer) = listener.accept().unwrap();
            let own = ours.local_addr().unwrap();
            assert!(is_open(own, peer), "{ip}");
            caller.shutdown(Shutdown::Write).unwrap();
            thread::sleep(Duration::from_millis(20));
            assert!(is_open(own, peer), "{ip}: half closed");
            drop(caller);
            thread::sleep(Duration::from_millis(20));
            assert!(!is_open(own, peer), "{ip}: closed");
        }
    }

    #[test]
    fn what_is_nowhere_is_not_open() {
        let nowhere = SocketAddr::from(([192, 0, 2, 1], 4));
        assert!(!is_open(SocketAddr::from(([127, 0, 0, 1], 3)), nowhere));
    }

    /// An error message, a short answer and an empty one.
    #[test]
    fn what_is_no_answer_says_no() {
        let mut error = [7; 200];
        error[4..6].copy_from_slice(&2_u16.to_ne_bytes());
        let mut short = [7; INODE + 3];
        short[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        assert!(!has_inode(&error) && !has_inode(&short) && !has_inode(&[]));
    }
}
