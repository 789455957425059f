//! With what words the programs of a cluster are started.

use std::{net::SocketAddr, path::Path};

use super::{pki, place::Place};

/// Controllers of an API server without a node. Nothing serves nodes there: without these nothing waits for one, or takes pods from it.
pub(super) const NO_NODE: &str = "*,-node-ipam-controller,-node-lifecycle-controller,-cloud-node-lifecycle-controller,\
                       -node-route-controller,-service-lb-controller";

/// Nothing here outlives a test, so nothing waits for a disk.
pub(crate) fn etcd(place: &Place, bin: &Path, clients: SocketAddr, peers: SocketAddr) -> Vec<String> {
    let clients = format!("http://{clients}");
    let peers = format!("http://{peers}");
    words(
        bin,
        "etcd",
        [
            "--name=default".to_owned(),
            format!("--data-dir={}", place.etcd().display()),
            "--unsafe-no-fsync".to_owned(),
            "--log-level=warn".to_owned(),
            "--quota-backend-bytes=1073741824".to_owned(),
            format!("--listen-client-urls={clients}"),
            format!("--advertise-client-urls={clients}"),
            format!("--listen-peer-urls={peers}"),
            format!("--initial-advertise-peer-urls={peers}"),
            format!("--initial-cluster=default={peers}"),
        ],
    )
}

/// For how long a token that was good is taken for good again is no flag of it: ten seconds, compiled in.
pub(crate) fn api_server(place: &Place, bin: &Path, etcd: SocketAddr, own: SocketAddr) -> Vec<String> {
    let file = |name: &str| place.pki(name).display().to_string();
    words(
        bin,
        "kube-apiserver",
        [
            format!("--etcd-servers=http://{etcd}"),
            format!("--bind-address={}", own.ip()),
            format!("--advertise-address={}", own.ip()),
            format!("--secure-port={}", own.port()),
            format!("--tls-cert-file={}", file("apiserver.crt")),
            format!("--tls-private-key-file={}", file("apiserver.key")),
            format!("--cert-dir={}", file("certs")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--enable-admission-plugins=NodeRestriction".to_owned(),
            format!("--service-account-key-file={}", file("accounts.pub")),
            format!("--service-account-signing-key-file={}", file("accounts.key")),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--profiling=false".to_owned(),
        ],
    )
}

pub(crate) fn controller_manager(place: &Place, bin: &Path, controllers: &str) -> Vec<String> {
    let kubeconfig = place.kubeconfig(pki::CONTROLLER_MANAGER).display().to_string();
    words(
        bin,
        "kube-controller-manager",
        [
            format!("--kubeconfig={kubeconfig}"),
            format!("--service-account-private-key-file={}", place.pki("accounts.key").display()),
            format!("--root-ca-file={}", place.pki("ca.crt").display()),
            "--use-service-account-credentials=true".to_owned(),
            format!("--controllers={controllers}"),
            "--leader-elect=false".to_owned(),
            // It has pages of its own, which nobody reads.
            "--secure-port=0".to_owned(),
            "--profiling=false".to_owned(),
            // At the 20 a second of a cluster, it takes five seconds to fetch an identity for each controller.
            "--kube-api-qps=500".to_owned(),
            "--kube-api-burst=1000".to_owned(),
        ],
    )
}

fn words<const N: usize>(bin: &Path, name: &str, flags: [String; N]) -> Vec<String> {
    let mut words = vec![bin.join(name).display().to_string()];
    words.extend(flags);
    words
}
