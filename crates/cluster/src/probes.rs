//! Where a pod's sidecar shows what it counts: the pod's own address, and the port that its container names.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use k8s_openapi::api::core::v1::Pod;
use kube_client::{Api, Client};

use crate::pods::NotTold;

/// How long the API server may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The name of the port, as the injector writes it.
const PORT: &str = "outrigger-probe";

/// The API server, asked for one pod at a time: what is watched of pods does not hold their addresses.
#[derive(Clone)]
pub struct Probes(Client);

impl Probes {
    /// Asks by `client`.
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Where it is of this pod, which must be the one of this uid; `None`: the pod is gone, or has no address yet. `said`: the
    /// port that its sidecar says, for a pod that names none.
    ///
    /// # Errors
    ///
    /// If the API server does not say.
    pub async fn find(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
        said: Option<u16>,
    ) -> Result<Option<SocketAddr>, NotTold> {
        let pods = Api::<Pod>::namespaced(self.0.clone(), namespace);
        match tokio::time::timeout(LIMIT, pods.get_opt(name)).await {
            Ok(Ok(found)) => {
                Ok(found.filter(|pod| pod.metadata.uid.as_deref() == Some(uid)).and_then(|pod| of(&pod, said)))
            }
            Ok(Err(error)) => Err(NotTold(error.to_string())),
            Err(_) => Err(NotTold(format!("the API server does not answer within {} s", LIMIT.as_secs()))),
        }
    }
}

/// From what an API server tells of a pod.
fn of(pod: &Pod, said: Option<u16>) -> Option<SocketAddr> {
    let address: IpAddr = pod.status.as_ref()?.pod_ip.as_ref()?.parse().ok()?;
    let spec = pod.spec.as_ref()?;
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let named = ports.find(|port| port.name.as_deref() == Some(PORT)).map(|port| port.container_port);
    let port = named.and_then(|port| u16::try_from(port).ok()).or(said).filter(|port| *port > 0)?;
    Some((address, port).into())
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use k8s_openapi::api::core::v1::{Container, ContainerPort, PodSpec, PodStatus};

    use super::*;

    fn pod(address: Option<&str>, ports: &[(&str, i32)]) -> Pod {
        let port = |(name, port): &(&str, i32)| ContainerPort {
            name: Some((*name).to_owned()),
            container_port: *port,
            ..ContainerPort::default()
        };
        let container = Container { ports: Some(ports.iter().map(port).collect()), ..Container::default() };
        Pod {
            spec: Some(PodSpec { init_containers: Some(vec![container]), ..PodSpec::default() }),
            status: Some(PodStatus { pod_ip: address.map(str::to_owned), ..PodStatus::default() }),
            ..Pod::default()
        }
    }

    #[test]
    fn a_sidecar_is_at_its_pod_s_address_and_the_port_that_is_named() {
        let named = [("http", 80), ("outrigger-probe", 4121)];
        let at = |pod: &Pod, said| of(pod, said).map(|at| at.to_string());
        assert_eq!(at(&pod(Some("10.1.2.3"), &named), Some(9)).unwrap(), "10.1.2.3:4121");
        assert_eq!(at(&pod(Some("fd00::7"), &named[..1]), Some(9)).unwrap(), "[fd00::7]:9");
        assert_eq!(at(&pod(Some("10.1.2.3"), &named[..1]), None), None);
        assert_eq!(at(&pod(None, &named), Some(9)), None);
        assert_eq!(at(&pod(Some("10.1.2.3"), &[("outrigger-probe", 0)]), None), None);
    }
}
