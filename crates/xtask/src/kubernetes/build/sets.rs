//! What is built from which modules, and where it is kept.

use std::{fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    kubernetes::version::{MODULES, VERSION},
    tools,
};

/// Programs of one `go.mod` that are built in one command, so that links overlap with what is still compiled.
#[derive(Debug)]
pub(crate) struct Set {
    /// What people call it.
    pub(super) name: &'static str,
    /// Where modules and their checksums are listed, below the root of the repository.
    pub(super) modules: &'static str,
    /// Where it is kept, below the folder of everything that is kept.
    pub(crate) kept: &'static str,
    /// Package, and the name of the program.
    pub(crate) programs: &'static [(&'static str, &'static str)],
    /// What parts of the packages are left out or in.
    pub(super) tags: &'static str,
    /// Whether the programs are told that they are this Kubernetes.
    pub(super) versioned: bool,
    /// What it takes, in words.
    pub(super) cost: &'static str,
}

/// What an API server needs. All are built in one command: they share two packages of three. etcd is the release that this
/// Kubernetes is made with.
pub(crate) static API: Set = Set {
    name: "Kubernetes",
    modules: MODULES,
    kept: "kubernetes/v1.36.4",
    programs: &[
        ("go.etcd.io/etcd/server/v3", "etcd"),
        ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
        ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
    ],
    tags: KUBERNETES_TAGS,
    versioned: true,
    cost: "about 12 minutes of processor time; 4 GB of disk meanwhile, 0.25 GB then; 0.1 GB are downloaded",
};

/// What a node needs beside: of its packages, nine in ten are compiled already where the API server was just built.
pub(crate) static NODE: Set = Set {
    name: "kubelet, scheduler and proxy",
    modules: MODULES,
    kept: "kubernetes/v1.36.4/node",
    programs: &[
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"),
        ("k8s.io/kubernetes/cmd/kube-proxy", "kube-proxy"),
    ],
    tags: KUBERNETES_TAGS,
    versioned: true,
    cost: "about 4 minutes of processor time right after the API server, else 11; 0.15 GB of disk",
};

/// What runs containers, and gives them a network.
pub(crate) static CONTAINERD: Set = Set {
    name: "containerd",
    modules: "tests/cluster/containerd",
    kept: "cluster/containerd",
    programs: &[
        ("github.com/containerd/containerd/v2/cmd/containerd", "containerd"),
        ("github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", "containerd-shim-runc-v2"),
        ("github.com/containerd/containerd/v2/cmd/ctr", "ctr"),
        ("github.com/containernetworking/plugins/plugins/main/bridge", "bridge"),
        ("github.com/containernetworking/plugins/plugins/main/loopback", "loopback"),
        ("github.com/containernetworking/plugins/plugins/ipam/host-local", "host-local"),
        ("github.com/containernetworking/plugins/plugins/meta/portmap", "portmap"),
    ],
    tags: "no_btrfs,no_devmapper,no_zfs,no_aufs",
    versioned: false,
    cost: "about 3 minutes of processor time; 0.1 GB of disk",
};

/// What answers names, and what keeps a pod's namespaces.
pub(crate) static DNS: Set = Set {
    name: "CoreDNS",
    modules: "tests/cluster/coredns",
    kept: "cluster/coredns",
    programs: &[("outrigger.dev/tests/coredns", "coredns"), ("outrigger.dev/tests/coredns/pause", "pause")],
    tags: "grpcnotrace",
    versioned: false,
    cost: "about 3 minutes of processor time; 0.06 GB of disk",
};

const KUBERNETES_TAGS: &str = "selinux,notest,grpcnotrace";

impl Set {
    /// What decides what is built; without debugging information a tenth of the work and a fifth of the disk is saved.
    pub(super) fn flags(&self) -> [&'static str; 4] {
        ["-trimpath", "-gcflags=all=-dwarf=false", "-tags", self.tags]
    }

    /// Of Kubernetes; empty for what has a version of its own.
    pub(super) fn version(&self) -> &'static str {
        if self.versioned { VERSION } else { "" }
    }

    pub(super) fn packages(&self) -> impl Iterator<Item = &'static str> {
        self.programs.iter().map(|(package, _)| *package)
    }

    /// Without these the server does not know its own version, and clients cannot parse what it says instead.
    pub(super) fn link_flags(&self) -> String {
        let mut flags = "-s -w".to_owned();
        let mut numbers = VERSION.trim_start_matches('v').split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        let packages: &[&str] =
            if self.versioned { &["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] } else { &[] };
        for package in packages {
            for (name, value) in [
                ("gitVersion", VERSION),
                ("gitMajor", major),
                ("gitMinor", minor),
                ("gitTreeState", "clean"),
                ("gitCommit", "unknown"),
                ("buildDate", "1970-01-01T00:00:00Z"),
            ] {
                let _ = write!(flags, " -X {package}.{name}={value}");
            }
        }
        flags
    }

    /// The folder of its modules.
    pub(crate) fn folder(&self) -> PathBuf {
        tools::root().join(self.modules)
    }

    /// Changes with whatever decides what is built.
    pub(super) fn stamp(&self) -> Result<String> {
        let mut hashed = ring::digest::Context::new(&ring::digest::SHA256);
        let folder = self.folder();
        let own = ["main.go", "pause/main.go"].map(|file| folder.join(file)).into_iter().filter(|path| path.exists());
        for path in ["go.mod", "go.sum"].map(|file| folder.join(file)).into_iter().chain(own) {
            hashed.update(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
        hashed.update(format!("{:?} {:?} {}", self.programs, self.flags(), self.link_flags()).as_bytes());
        Ok(hashed.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_are_of_the_version_that_is_named() {
        let modules = fs::read_to_string(API.folder().join("go.mod")).unwrap();
        assert!(modules.lines().any(|line| line.trim() == format!("k8s.io/kubernetes {VERSION}")));
        assert!(modules.contains(&format!("k8s.io/api => k8s.io/api {}", VERSION.replacen("v1.", "v0.", 1))));
        assert!([&API, &NODE].iter().all(|set| set.kept.starts_with(&format!("kubernetes/{VERSION}"))));
    }
}
