//! Every program that a node needs, and where each is.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::debs::{self, Bundle};
use crate::{
    charts::helm,
    kubernetes::build::{self, API, CONTAINERD, DNS, NODE, Set},
};

/// In the order in which they are built: what is compiled for one is there for the next.
const SETS: [&Set; 4] = [&API, &NODE, &CONTAINERD, &DNS];

/// Where things are.
#[derive(Clone, Debug)]
pub(super) struct Kit {
    /// etcd, the API server, the controllers, kubectl.
    pub(super) api: PathBuf,
    /// kubelet, scheduler, proxy.
    pub(super) node: PathBuf,
    /// containerd, its shim, ctr, CNI plugins.
    pub(super) containerd: PathBuf,
    /// CoreDNS and pause.
    pub(super) dns: PathBuf,
    /// What was unpacked from packages: iptables and its libraries, busybox.
    pub(super) tools: PathBuf,
    pub(super) runc: PathBuf,
    /// Helm 3; nothing is there where the one on the path does.
    pub(super) helm: PathBuf,
}

/// All of it, built and fetched where it is not there.
pub(super) fn ensure() -> Result<Kit> {
    make(None, false)
}

/// All of it, if it is there.
pub(super) fn there() -> Result<Option<Kit>> {
    if !built() || !debs::unpacked(Bundle::Tools)? || !helm::there()? {
        return Ok(None);
    }
    make(None, false).map(Some)
}

/// Whether nothing is left to be compiled.
pub(super) fn built() -> bool {
    SETS.iter().all(|set| build::built(set).is_ok_and(|bin| bin.is_some()))
}

/// All of it, built and fetched with these caches of Go, which are kept or not.
pub(super) fn make(go_caches: Option<&Path>, keep: bool) -> Result<Kit> {
    let bins = build::build_all(&SETS, go_caches, keep)?;
    let Ok([api, node, containerd, dns]) = <[PathBuf; 4]>::try_from(bins) else { bail!("a set is missing") };
    let tools = debs::ensure(Bundle::Tools)?;
    let runc = debs::program(&tools, "runc")?;
    Ok(Kit { api, node, containerd, dns, runc, tools, helm: helm::ensure()? })
}

impl Kit {
    /// Where programs of the node are looked for, before the machine's own.
    pub(super) fn path(&self) -> String {
        let folders = [&self.tools.join(debs::LINKS), &self.containerd, &self.tools.join("usr/sbin")];
        joined(&folders)
    }

    /// What a person or a story calls, before the machine's own.
    pub(super) fn commands(&self) -> String {
        joined(&[&self.api, &self.helm])
    }

    /// What iptables and runc are linked with, for those alone that call them.
    pub(super) fn libraries(&self) -> [String; 2] {
        let folder = self.tools.join("usr/lib").join(debs::triple());
        [
            format!("LD_LIBRARY_PATH={}", folder.display()),
            format!("XTABLES_LIBDIR={}", folder.join("xtables").display()),
        ]
    }

    #[cfg(test)]
    pub(super) fn below(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name);
        Self {
            api: at("api"),
            node: at("node"),
            containerd: at("containerd"),
            dns: at("dns"),
            tools: at("tools"),
            runc: at("tools/usr/sbin/runc"),
            helm: at("helm"),
        }
    }
}

fn joined(folders: &[&PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(":")
}
