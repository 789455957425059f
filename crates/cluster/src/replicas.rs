//! Where the replicas of the control plane are: the endpoints of its Service.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::StreamExt as _;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use kube_client::Api;
use kube_runtime::watcher::{Config, Event};
use tokio::sync::watch as channel;

use crate::{Cluster, source::watch};

/// A pause before a watch that cannot be streamed is begun anew.
const AGAIN: Duration = Duration::from_secs(1);

/// The addresses of the replicas behind `service`, of the control plane's own namespace, at the port of this name (or the
/// only one), until nobody listens any more; `None` until they were listed once. This replica is among them.
pub fn follow(cluster: &Cluster, service: &str, port: &str) -> channel::Receiver<Option<BTreeSet<SocketAddr>>> {
    let (send, receive) = channel::channel(None);
    let api = Api::<EndpointSlice>::namespaced(cluster.client.clone(), &cluster.namespace);
    let config = Config::default().labels(&format!("kubernetes.io/service-name={service}"));
    let port = port.to_owned();
    tokio::spawn(async move {
        tokio::select! {
            () = watch_all(api, config, &port, &send) => {}
            () = send.closed() => {}
        }
    });
    receive
}

async fn watch_all(
    api: Api<EndpointSlice>,
    config: Config,
    port: &str,
    send: &channel::Sender<Option<BTreeSet<SocketAddr>>>,
) {
    let mut streaming = true;
    loop {
        let mut events = std::pin::pin!(watch::events(api.clone(), config.clone(), streaming));
        let mut slices: BTreeMap<String, EndpointSlice> = BTreeMap::new();
        let mut listing: Option<BTreeMap<String, EndpointSlice>> = None;
        while let Some(event) = events.next().await {
            let name = |slice: &EndpointSlice| slice.metadata.name.clone().unwrap_or_default();
            match event {
                Ok(Event::Init) => listing = Some(BTreeMap::new()),
                Ok(Event::InitApply(slice)) => drop(listing.get_or_insert_default().insert(name(&slice), slice)),
                Ok(Event::InitDone) => slices = listing.take().unwrap_or_default(),
                Ok(Event::Apply(slice)) => drop(slices.insert(name(&slice), slice)),
                Ok(Event::Delete(slice)) => drop(slices.remove(&name(&slice))),
                // What was known is held.
                Err(error) => {
                    tracing::warn!(code = "watch_failed", kind = "EndpointSlice", %error);
                    if streaming && watch::refuses_streaming(&error) {
                        streaming = false;
                        break;
                    }
                }
            }
            if listing.is_none() {
                let known = Some(addresses(slices.values(), port));
                send.send_if_modified(|last| {
                    let changed = *last != known;
                    *last = known;
                    changed
                });
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Where those are that take connections, also if they are about to go: they have sidecars for a while yet.
fn addresses<'a>(slices: impl Iterator<Item = &'a EndpointSlice>, port: &str) -> BTreeSet<SocketAddr> {
    let serves = |endpoint: &&Endpoint| {
        let conditions = endpoint.conditions.as_ref();
        let ready = conditions.and_then(|it| it.ready).unwrap_or(true);
        ready || conditions.and_then(|it| it.serving).unwrap_or(false)
    };
    let mut all = BTreeSet::new();
    for slice in slices {
        let ports = slice.ports.as_deref().unwrap_or_default();
        let named = ports.iter().find(|it| it.name.as_deref() == Some(port));
        let only = if let [only] = ports { Some(only) } else { None };
        let number = named.or(only).and_then(|it| it.port).and_then(|number| u16::try_from(number).ok());
        let Some(number) = number else { continue };
        let endpoints = slice.endpoints.iter().flatten().filter(serves);
        // The first address of an endpoint is the endpoint, as kube-proxy has it.
        let ips = endpoints.filter_map(|it| it.addresses.first()?.parse::<IpAddr>().ok());
        all.extend(ips.map(|ip| SocketAddr::new(ip, number)));
    }
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(slices: Value) -> Vec<String> {
        let slices: Vec<EndpointSlice> = serde_json::from_value(slices).unwrap();
        addresses(slices.iter(), "grpc").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn replicas_are_those_that_take_connections() {
        let ports = json!([{"name": "admin", "port": 9090}, {"name": "grpc", "port": 8443}]);
        let endpoint = |ip: &str, conditions: Value| json!({"addresses": [ip], "conditions": conditions});
        let slices = json!([
            {"addressType": "IPv4", "ports": ports, "endpoints": [
                endpoint("10.0.0.1", json!({"ready": true})),
                endpoint("10.0.0.2", json!({})),
                endpoint("10.0.0.3", json!({"ready": false, "serving": true, "terminating": true})),
                endpoint("10.0.0.4", json!({"ready": false, "serving": false})),
                endpoint("no address", json!({"ready": true})),
            ]},
            {"addressType": "IPv6", "ports": [{"name": "", "port": 8443}], "endpoints": [endpoint("fd00::1", json!({}))]},
            {"addressType": "IPv4", "ports": [], "endpoints": [endpoint("10.0.0.9", json!({}))]},
            {"addressType": "IPv4"},
        ]);
        assert_eq!(shown(slices), ["10.0.0.1:8443", "10.0.0.2:8443", "10.0.0.3:8443", "[fd00::1]:8443"]);
    }
}
