//! Where everything is: addresses and paths.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
};

use anyhow::{Result, bail};

/// The first sidecar listens where a sidecar does by default, and so does the control plane.
pub(super) const FIRST_PORT: u16 = 4117;
/// What `--label app=` says of the two workloads.
pub(super) const APPS: [&str; 2] = ["web", "batch"];
pub(super) const CONTROL_PLANE: &str = "outrigger-control-plane";

/// Who listens, in order of ports.
const LISTENERS: [&str; 8] = [
    "the sidecar of app=web",
    "the pages of the sidecar of app=web",
    "the control plane",
    "the pages of the control plane",
    "the sidecar of app=batch",
    "the pages of the sidecar of app=batch",
    "the provider sim-a",
    "the provider sim-b",
];

/// Eight ports in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports(u16);

impl Ports {
    pub(super) fn from(first: u16) -> Result<Self> {
        if first == 0 || first > u16::MAX - 7 {
            bail!("--first-port {first}: eight ports from there on are used, so it is one of 1 to {}", u16::MAX - 7);
        }
        Ok(Self(first))
    }

    pub(super) fn at(self, place: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.0 + place))
    }

    /// # Errors
    ///
    /// If somebody else listens on one of them.
    pub(super) fn free(self) -> Result<()> {
        for (who, place) in LISTENERS.into_iter().zip(0..) {
            let address = self.at(place);
            if let Err(error) = TcpListener::bind(address) {
                bail!(
                    "{who} cannot listen on {address}: {error}; end what listens there (another fleet?), or take eight \
                     other ports: cargo xtask fleet --first-port {}",
                    self.elsewhere()
                );
            }
        }
        Ok(())
    }

    /// A thousand further on, where that still is a port.
    fn elsewhere(self) -> u16 {
        self.0.checked_add(1000).filter(|port| *port <= u16::MAX - 7).unwrap_or(FIRST_PORT)
    }
}

/// One fleet.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) ports: Ports,
}

impl Place {
    /// App, address for callers, address of the pages.
    pub(super) fn sidecars(&self) -> [(&'static str, SocketAddr, SocketAddr); 2] {
        let [web, batch] = APPS;
        [(web, self.ports.at(0), self.ports.at(1)), (batch, self.ports.at(4), self.ports.at(5))]
    }

    /// Address for sidecars, address of the pages.
    pub(super) fn control_plane(&self) -> (SocketAddr, SocketAddr) {
        (self.ports.at(2), self.ports.at(3))
    }

    pub(super) fn providers(&self) -> [(&'static str, SocketAddr); 2] {
        [("sim-a", self.ports.at(6)), ("sim-b", self.ports.at(7))]
    }

    pub(super) fn policy(&self) -> PathBuf {
        self.folder.join("policy")
    }

    /// The control plane's keys.
    pub(super) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(super) fn token(&self, app: &str) -> PathBuf {
        self.folder.join(format!("{app}.token"))
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_named_with_a_way_out() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port().min(u16::MAX - 7);
        let said = Ports::from(port).unwrap().free().unwrap_err().to_string();
        assert!(said.contains("cannot listen on 127.0.0.1:") && said.contains("--first-port"), "{said}");
    }

    #[test]
    fn eight_ports_fit_below_the_last() {
        assert!(Ports::from(0).is_err() && Ports::from(u16::MAX - 6).is_err());
        let last = Ports::from(u16::MAX - 7).unwrap();
        assert_eq!((last.at(7).port(), last.elsewhere()), (u16::MAX, FIRST_PORT));
    }

    #[test]
    fn no_two_listen_in_one_place() {
        let place = Place { folder: PathBuf::new(), ports: Ports(FIRST_PORT) };
        let (control_plane, pages) = place.control_plane();
        let mut all = vec![control_plane, pages];
        all.extend(place.sidecars().into_iter().flat_map(|(_, listen, admin)| [listen, admin]));
        all.extend(place.providers().map(|(_, listen)| listen));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), LISTENERS.len());
    }
}
