//! Files that the node's programs read.

use std::{fs, path::Path};

use anyhow::Result;
use serde_json::{Value, json};

use super::{address, kit::Kit};
use crate::kubernetes::place::Place;

/// Writes all of them into the folder of a run.
pub(super) fn write(place: &Place, kit: &Kit, group: &str) -> Result<()> {
    let run = place.folder();
    let networks = run.join("cni");
    fs::create_dir_all(&networks)?;
    // Nobody answers there: pods without the cluster's DNS have none, and no question leaves the machine.
    fs::write(run.join("resolv.conf"), format!("nameserver {}\n", address::NODE))?;
    fs::write(run.join("containerd.toml"), containerd(run, kit))?;
    // JSON is YAML.
    fs::write(networks.join("pods.conflist"), format!("{:#}\n", network(run)))?;
    fs::write(run.join("kubelet.yaml"), format!("{:#}\n", kubelet(place, group)))?;
    fs::write(run.join("kube-proxy.yaml"), format!("{:#}\n", proxy(place)))?;
    Ok(())
}

fn containerd(run: &Path, kit: &Kit) -> String {
    let quoted = |path: &Path| format!("{:?}", path.display().to_string());
    format!(
        r#"version = 3
root = {root}
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
address = "{socket}"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{pause}"

[plugins."io.containerd.cri.v1.runtime"]
# Root in a container has no right to lower what the kernel holds against a process that it may kill.
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [{bin}]
conf_dir = {networks}

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = {runc}
SystemdCgroup = false
"#,
        root = quoted(&run.join("containerd")),
        socket = address::CONTAINERD,
        pause = super::names::PAUSE,
        bin = quoted(&kit.containerd),
        networks = quoted(&run.join("cni")),
        runc = quoted(&kit.runc),
    )
}

/// One bridge for all pods.
fn network(run: &Path) -> Value {
    json!({"cniVersion": "1.0.0", "name": "pods", "plugins": [
        {
            "type": "bridge", "bridge": "pods0", "isDefaultGateway": true, "ipMasq": true, "hairpinMode": true,
            "ipam": {
                "type": "host-local",
                "dataDir": run.join("addresses"),
                "ranges": [[{"subnet": address::PODS}]],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": true}},
    ]})
}

fn kubelet(place: &Place, group: &str) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": address::NODE,
        "containerRuntimeEndpoint": format!("unix://{}", address::CONTAINERD),
        // Version 1 of control groups is refused unless this is said.
        "failCgroupV1": false,
        // No systemd is asked for groups.
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{group}"),
        "enforceNodeAllocatable": [],
        "failSwapOn": false,
        // Less, and more files, take a right that root in a container does not have.
        "oomScoreAdj": 0,
        "maxOpenFiles": 20000,
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": place.pki("ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": place.pki("kubelet.crt"),
        "tlsPrivateKeyFile": place.pki("kubelet.key"),
        "clusterDomain": "cluster.local",
        "clusterDNS": [address::DNS],
        "resolvConf": place.folder().join("resolv.conf"),
        "volumePluginDir": place.folder().join("plugins"),
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
            "imagefs.inodesFree": "1%",
        },
        // An image that is gone cannot be pulled again.
        "imageGCHighThresholdPercent": 100,
        "imageMinimumGCAge": "240h",
        "serializeImagePulls": false,
    })
}

fn proxy(place: &Place) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "hostnameOverride": address::NAME,
        "clusterCIDR": address::PODS,
        "clientConnection": {"kubeconfig": place.kubeconfig("kube-proxy")},
        // Left alone: they belong to the first network namespace.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_of_this_run() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(&folder.path().join("run"));
        let _lock = place.claim().unwrap();
        write(&place, &Kit::below(folder.path()), "outrigger-0").unwrap();
        let read = |name: &str| fs::read_to_string(place.folder().join(name)).unwrap();
        let kubelet: Value = serde_json::from_str(&read("kubelet.yaml")).unwrap();
        assert_eq!(kubelet["cgroupRoot"], "/outrigger-0");
        assert_eq!(kubelet["tlsCertFile"], place.pki("kubelet.crt").display().to_string());
        let toml = read("containerd.toml");
        assert!(toml.starts_with("version = 3\n") && toml.contains(&folder.path().display().to_string()), "{toml}");
        let network: Value = serde_json::from_str(&read("cni/pods.conflist")).unwrap();
        assert_eq!(network["plugins"][0]["ipam"]["ranges"][0][0]["subnet"], address::PODS);
    }
}
