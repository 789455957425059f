//! Where things are in the node's network, which is its own: two clusters on one machine have the same.

use std::net::{Ipv4Addr, SocketAddr};

/// The node, on a bridge that nothing else is attached to.
pub(super) const NODE: &str = "10.250.0.1";
/// The name of the node.
pub(super) const NAME: &str = "node1";
/// What the cluster's DNS is asked at.
pub(super) const DNS: &str = "10.96.0.10";
/// Where pods are.
pub(super) const PODS: &str = "10.244.0.0/24";
/// containerd's, in the node's own `/run`.
pub(super) const CONTAINERD: &str = "/run/containerd/containerd.sock";

/// A port of the node.
pub(super) fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::new(10, 250, 0, 1), port).into()
}

/// The API server.
pub(super) fn server() -> String {
    format!("https://{}", at(6443))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_is_said_once() {
        assert_eq!(at(1).ip().to_string(), NODE);
    }
}
