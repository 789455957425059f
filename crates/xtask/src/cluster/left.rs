//! What a cluster could leave on a machine: it is looked at before and after, and the two have to be the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::{cgroups, debs, kit, mounts::KERNEL};
use crate::kubernetes::place::Place;

/// Where the programs would write if they did not do it in the node alone.
const FOLDERS: [&str; 12] = [
    "/etc/cni",
    "/run/containerd",
    "/run/flannel",
    "/run/mount",
    "/run/netns",
    "/run/xtables.lock",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
    "/var/run/netns",
];

/// What is there, by what it is.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Traces(BTreeMap<String, BTreeSet<String>>);

impl Traces {
    /// What there is now that could be of the cluster in this folder.
    pub(super) fn taken(run: &Path) -> Result<Self> {
        let mut traces = BTreeMap::new();
        let mut add = |what: &str, found: BTreeSet<String>| traces.insert(what.to_owned(), found);
        let links = names(Path::new("/sys/class/net")).into_iter();
        add("network link", links.filter(|name| name == "node0" || name == "pods0").collect());
        let shown = run.display().to_string();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        add("mount", mounts.lines().filter(|line| line.contains(&shown)).map(str::to_owned).collect());
        let groups = cgroups::found(&cgroups::name(run))?;
        add("control group", groups.iter().map(|path| path.display().to_string()).collect());
        for folder in FOLDERS {
            let mut found: BTreeSet<String> = names(Path::new(folder)).into_iter().collect();
            if Path::new(folder).exists() {
                found.insert(".".to_owned());
            }
            add(folder, found);
        }
        for (name, _) in KERNEL {
            let value = fs::read_to_string(Path::new("/proc/sys").join(name)).unwrap_or_default();
            add(name, [value.trim().to_owned()].into());
        }
        add("rule of nftables", rules());
        Ok(Self(traces))
    }

    /// Writes it into the folder of the run.
    pub(super) fn keep(&self, run: &Path) -> Result<()> {
        Ok(fs::write(file(run), serde_json::to_vec(self)?)?)
    }

    /// What was kept; `None` where nothing was.
    pub(super) fn kept(run: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file(run)).ok()?).ok()
    }

    /// What is there now and was not then, or is another, one line each.
    pub(super) fn more_than(&self, before: &Self) -> Vec<String> {
        let none = BTreeSet::new();
        let more = self.0.iter().flat_map(|(what, now)| {
            let then = before.0.get(what).unwrap_or(&none);
            now.difference(then).map(move |found| format!("{what}: {found}"))
        });
        more.collect()
    }
}

fn file(run: &Path) -> PathBuf {
    run.join("before.json")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Chains that kube-proxy and CNI make, on the machine itself.
fn rules() -> BTreeSet<String> {
    let Ok(Some(kit)) = kit::there() else { return BTreeSet::new() };
    let program = kit.tools.join(debs::LINKS).join("iptables-save");
    let said = Command::new(program).envs(kit.libraries().iter().filter_map(|pair| pair.split_once('='))).output();
    let text = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().filter(|line| line.starts_with(":KUBE-") || line.starts_with(":CNI-")).map(str::to_owned).collect()
}

/// The namespaces of a node, by the kernel's names for them.
#[derive(Debug, PartialEq)]
pub(super) struct Spaces(Vec<PathBuf>);

impl Spaces {
    /// Those of the node that runs in this folder.
    pub(super) fn of(run: &Path) -> Option<Self> {
        let first = fs::read_to_string(Place::at(run).pid("init")).ok()?;
        let names = ["net", "mnt", "pid"].map(|kind| fs::read_link(format!("/proc/{}/ns/{kind}", first.trim())));
        names.into_iter().collect::<Result<Vec<_>, _>>().ok().map(Self)
    }

    /// Whether a process is in one of them.
    fn hold(&self, number: &str) -> bool {
        ["net", "mnt", "pid"]
            .iter()
            .zip(&self.0)
            .any(|(kind, space)| fs::read_link(format!("/proc/{number}/ns/{kind}")).is_ok_and(|found| found == *space))
    }

    /// The processes that are in one of them.
    pub(super) fn processes(&self) -> Vec<String> {
        let numbers =
            names(Path::new("/proc")).into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        numbers.filter(|number| self.hold(number)).map(|number| named(&number)).collect()
    }
}

fn named(number: &str) -> String {
    let name = fs::read_to_string(format!("/proc/{number}/comm")).unwrap_or_default();
    format!("{number} {}", name.trim())
}

/// What of a cluster that has ended is left, one line each.
///
/// # Errors
///
/// If the machine cannot be looked at.
pub(super) fn check(run: &Path, before: &Traces, spaces: Option<&Spaces>) -> Result<Vec<String>> {
    let mut left = Traces::taken(run).context("cannot look for what is left")?.more_than(before);
    left.extend(
        spaces.map(Spaces::processes).unwrap_or_default().into_iter().map(|process| format!("process: {process}")),
    );
    if run.exists() {
        left.push(format!("folder: {}", run.display()));
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_not_left() {
        let traces = |links: &[&str]| {
            let links: BTreeSet<String> = links.iter().map(|&link| link.to_owned()).collect();
            Traces([("network link".to_owned(), links)].into())
        };
        assert_eq!(traces(&["pods0"]).more_than(&traces(&["pods0"])), Vec::<String>::new());
        assert_eq!(traces(&["node0", "pods0"]).more_than(&traces(&["pods0"])), ["network link: node0"]);
        let kernel = |value: &str| Traces([("kernel/panic".to_owned(), [value.to_owned()].into())].into());
        assert_eq!(kernel("10").more_than(&kernel("0")), ["kernel/panic: 10"]);
    }
}
