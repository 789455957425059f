//! What of a pod stands in the way of a sidecar.

use outrigger_crd::k8s_openapi::api::core::v1::{Container, Pod, PodSpec};

use crate::{
    names::{BOOTSTRAPS, CONTAINER, INJECTED, KEYS, NO_TOKEN, SPOOL, STATE, STATUS},
    ports::Ports,
    skip::Skip,
};

/// Set by a kubelet on what mirrors a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// Whether it has a sidecar, or something of the same name.
pub(crate) fn already(pod: &Pod) -> Result<(), Skip> {
    let Some(spec) = &pod.spec else { return Ok(()) };
    let named = containers(spec).any(|container| container.name == CONTAINER);
    let ours = pod.metadata.annotations.as_ref().and_then(|all| all.get(STATUS)).is_some_and(|it| it == INJECTED);
    match (named, ours) {
        (true, true) => Err(Skip::AlreadyInjected),
        (true, false) => Err(Skip::NameTaken { what: format!("container {CONTAINER}") }),
        // An annotation that was copied from a pod that has one is no sidecar.
        (false, _) => Ok(()),
    }
}

/// Whether anything else stands in the way. `shared_processes`: that its processes see each other is accepted.
pub(crate) fn obstacle(pod: &Pod, ports: &Ports, shared_processes: bool) -> Result<(), Skip> {
    let Some(spec) = &pod.spec else { return Ok(()) };
    let is = |flag: Option<bool>| flag == Some(true);
    if pod.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(MIRROR)) {
        return Err(Skip::MirrorPod);
    }
    if is(spec.host_network) {
        return Err(Skip::HostNetwork);
    }
    if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return Err(Skip::Windows);
    }
    if (is(spec.share_process_namespace) || is(spec.host_pid)) && !shared_processes {
        return Err(Skip::SharedProcesses);
    }
    let Ports { listen, admin, probe } = *ports;
    if listen == admin || listen == probe || admin == probe {
        return Err(Skip::PortsCollide);
    }
    let mine = [listen, admin, probe].map(i32::from);
    for container in containers(spec) {
        let taken = container.ports.iter().flatten().map(|port| port.container_port).find(|port| mine.contains(port));
        if let Some(port) = taken {
            return Err(Skip::PortTaken { port, container: container.name.clone() });
        }
    }
    let ours = |name: &&str| [CONTAINER, STATE, SPOOL, NO_TOKEN, KEYS].contains(name) || BOOTSTRAPS.contains(name);
    let mut volumes = spec.volumes.iter().flatten().map(|volume| volume.name.as_str());
    if let Some(name) = volumes.find(ours) {
        return Err(Skip::NameTaken { what: format!("volume {name}") });
    }
    // It would be theirs as soon as it is there, with keys in it.
    for container in containers(spec) {
        let mounts = container.volume_mounts.iter().flatten().map(|mount| mount.name.as_str());
        let devices = container.volume_devices.iter().flatten().map(|device| device.name.as_str());
        if let Some(name) = mounts.chain(devices).find(|name| ours(name)) {
            return Err(Skip::NameTaken { what: format!("volume {name} (of container {})", container.name) });
        }
    }
    Ok(())
}

/// All of them, those that start first first.
pub(crate) fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.init_containers.iter().flatten().chain(&spec.containers)
}
