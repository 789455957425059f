//! `cargo xtask cluster tools`: every program that a node needs, and where each is.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{
    debs::{self, Bundle},
    needs,
};
use crate::{
    charts::helm,
    kubernetes::build::{self, API, CONTAINERD, DNS, NODE, Set},
};

/// In the order in which they are built: what is compiled for one is there for the next.
const SETS: [&Set; 4] = [&API, &NODE, &CONTAINERD, &DNS];

/// Builds or fetches every program of a node, once, with Helm beside: 20 minutes of processor time where nothing is there,
/// 9 where the API server has just been built; 5 GB of disk meanwhile, 0.7 GB then.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keep what Go has downloaded and compiled: 5 GB.
    #[arg(long)]
    keep_go_cache: bool,
    /// Build and module caches of Go that are there already, `build` and `modules` in this folder, and stay there.
    #[arg(long, hide = true, value_name = "FOLDER")]
    go_caches: Option<PathBuf>,
    /// Make the images that hold no program of ours, too.
    #[arg(long, hide = true)]
    images: bool,
    /// Give way to everything else, and end when standard input does.
    #[arg(long, hide = true)]
    background: bool,
}

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

pub(super) fn run(args: &Args) -> Result<()> {
    if args.background {
        build::give_way();
    }
    // Where all is there, nothing has to be asked of the machine.
    if there()?.is_none()
        && let Some(why) = needs::missing()
    {
        bail!("no cluster here: {why}");
    }
    let kit = make(args.go_caches.as_deref(), args.keep_go_cache)?;
    if args.images {
        super::images::others(&kit)?;
    }
    println!("what a node needs is there:");
    for folder in [&kit.api, &kit.node, &kit.containerd, &kit.dns, &kit.tools, &kit.helm] {
        println!("  {}", folder.display());
    }
    Ok(())
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

fn make(go_caches: Option<&Path>, keep: bool) -> Result<Kit> {
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
