//! With what words the programs of a node are started, beside those of [`crate::kubernetes::members`].

use super::{address, kit::Kit};
use crate::kubernetes::{
    members,
    pki::{Authority, Use, User},
    place::Place,
};
use anyhow::Result;

/// Who the programs are: kubeconfig, name, group. What is built into the API server says what each may do.
pub(super) const USERS: [User; 3] = [
    ("kube-scheduler", "system:kube-scheduler", ""),
    ("kube-proxy", "system:kube-proxy", ""),
    ("kubelet", "system:node:node1", "system:nodes"),
];
/// All but those of a cloud.
pub(super) const CONTROLLERS: &str = "*,-cloud-node-lifecycle-controller,-node-route-controller,-service-lb-controller";

/// What the kubelet is known by, and the API server to it.
pub(super) fn certificates(place: &Place, authority: &Authority) -> Result<()> {
    let node = format!("system:node:{}", address::NAME);
    authority.issue(place, "kubelet", &node, Some("system:nodes"), &[address::NAME, address::NODE], Use::Server)?;
    authority.issue(place, "kubelet-client", "kube-apiserver", Some("system:masters"), &[], Use::Client)
}

pub(super) fn api_server(place: &Place, kit: &Kit) -> Vec<String> {
    let mut words = members::api_server(place, &kit.api, address::at(2379), address::at(6443));
    words.push(format!("--kubelet-client-certificate={}", place.pki("kubelet-client.crt").display()));
    words.push(format!("--kubelet-client-key={}", place.pki("kubelet-client.key").display()));
    words.push(format!("--kubelet-certificate-authority={}", place.pki("ca.crt").display()));
    words.push("--kubelet-preferred-address-types=InternalIP".to_owned());
    words
}

pub(super) fn containerd(place: &Place, kit: &Kit) -> Vec<String> {
    let program = kit.containerd.join("containerd").display().to_string();
    let config = place.folder().join("containerd.toml").display().to_string();
    with_libraries(kit, [program, "--config".to_owned(), config])
}

pub(super) fn scheduler(place: &Place, kit: &Kit) -> Vec<String> {
    vec![
        kit.node.join("kube-scheduler").display().to_string(),
        format!("--kubeconfig={}", place.kubeconfig("kube-scheduler").display()),
        "--leader-elect=false".to_owned(),
        // It has pages of its own, which nobody reads.
        "--secure-port=0".to_owned(),
    ]
}

pub(super) fn kubelet(place: &Place, kit: &Kit) -> Vec<String> {
    let words = [
        kit.node.join("kubelet").display().to_string(),
        format!("--config={}", place.folder().join("kubelet.yaml").display()),
        format!("--kubeconfig={}", place.kubeconfig("kubelet").display()),
        format!("--hostname-override={}", address::NAME),
        format!("--node-ip={}", address::NODE),
        format!("--root-dir={}", place.folder().join("kubelet").display()),
        format!("--cert-dir={}", place.pki("certs").display()),
    ];
    with_libraries(kit, words)
}

pub(super) fn proxy(place: &Place, kit: &Kit) -> Vec<String> {
    let config = place.folder().join("kube-proxy.yaml").display().to_string();
    with_libraries(kit, [kit.node.join("kube-proxy").display().to_string(), format!("--config={config}")])
}

/// For what calls iptables or runc: nobody else is to find other libraries than the machine's.
fn with_libraries<const N: usize>(kit: &Kit, words: [String; N]) -> Vec<String> {
    let mut all = vec!["env".to_owned()];
    all.extend(kit.libraries());
    all.extend(words);
    all
}
