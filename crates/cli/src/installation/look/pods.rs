//! Nodes, pods of everybody, and their probe ports.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::found::{Found, Seen, Workloads},
    ask::Ask,
    at_once::all,
    reduce,
};

/// Where our programs answer probes, unless a pod says otherwise.
const PROBES: u64 = 4121;
/// Pods of ours, and pods with a sidecar, that are asked by way of the API server.
const ASKED: usize = 10;

/// The kubelets' versions, by node.
pub(super) fn nodes(ask: &Ask<'_>) -> Seen<Vec<(String, String)>> {
    let mut nodes = Vec::new();
    let read = ask.pages("/api/v1/nodes", |node| {
        let text = |place: &str| node.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
        nodes.push((text("/metadata/name"), text("/status/nodeInfo/kubeletVersion")));
    });
    read.map(|_| nodes)
}

/// Pods that have a sidecar or are to have one.
pub(super) fn workloads(ask: &Ask<'_>, found: &Found) -> Seen<Workloads> {
    // What namespaces say decides: without it nobody knows who is to have one.
    let labelled = match &found.labelled {
        Seen::There(labelled) => labelled,
        Seen::Missing => return Seen::Missing,
        Seen::Unknown(why) => return Seen::Unknown(why.clone()),
    };
    let mut pods = Vec::new();
    let path = "/api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed";
    let read = ask.pages(path, |pod| {
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        let says = labelled.get(namespace).map(String::as_str);
        pods.extend(reduce::workload(pod, says, &found.system, found.now));
    });
    read.map(|more| Workloads { pods, more })
}

/// Asks the probe ports of pods that run, some of each.
pub(super) fn probed(ask: &Ask<'_>, found: &Found) -> BTreeMap<(String, String), Seen<()>> {
    let text = |pod: &Value, place: &str| pod.pointer(place).and_then(Value::as_str).unwrap_or_default().to_owned();
    let own = found.pods.there().into_iter().flatten().filter(|pod| pod["status"]["phase"] == "Running");
    let own = own.take(ASKED).map(|pod| {
        let ports = pod.pointer("/spec/containers/0/ports").and_then(Value::as_array).into_iter().flatten();
        let named = ports.into_iter().find(|it| it["name"] == "probes").and_then(|it| it["containerPort"].as_u64());
        (found.system.clone(), text(pod, "/metadata/name"), named.unwrap_or(PROBES))
    });
    let pods = found.workloads.there().into_iter().flat_map(|it| &it.pods);
    let others = pods.filter_map(|pod| {
        let port = pod.sidecar.as_ref()?.probe?;
        Some((pod.namespace.clone(), pod.name.clone(), u64::from(port)))
    });
    let asked: Vec<(String, String, u64)> = own.chain(others.take(ASKED)).collect();
    let came = all(&asked, |(namespace, name, port)| {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy/readyz");
        match ask.run(&["get", "--raw", &path], None) {
            Ok(_) => Seen::There(()),
            Err(why) => Seen::Unknown(why),
        }
    });
    asked.into_iter().map(|(namespace, name, _)| (namespace, name)).zip(came).collect()
}
