//! The control groups of a cluster: one parent in each hierarchy, below which all pods are.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

const ROOT: &str = "/sys/fs/cgroup";
/// How long the kernel may take to forget processes that were killed.
const LEAVE: Duration = Duration::from_secs(20);
/// What the kubelet wants to set of a pod.
const CONTROLLERS: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];

/// The name of the groups of the cluster in this folder: another folder, another name.
pub(super) fn name(run: &Path) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, run.as_os_str().as_encoded_bytes());
    let short: String = digest.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("outrigger-{short}")
}

/// Makes them, such that a process may enter.
pub(super) fn make(name: &str) -> Result<()> {
    if unified() {
        let own = Path::new(ROOT).join(name);
        create(&own)?;
        for folder in [Path::new(ROOT), &own] {
            for controller in CONTROLLERS {
                // Not every machine has all: the kubelet says which it cannot do without.
                let _ = fs::write(folder.join("cgroup.subtree_control"), format!("+{controller}"));
            }
        }
        return Ok(());
    }
    // What of version 2 is mounted beside has no controllers: whoever wants a group there makes it.
    for hierarchy in hierarchies()?.into_iter().filter(|path| !path.join("cgroup.controllers").exists()) {
        let own = hierarchy.join(name);
        create(&own)?;
        // As long as they are empty no process may enter.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(all) = fs::read(hierarchy.join(file)) {
                fs::write(own.join(file), all).with_context(|| format!("cannot fill {}", own.join(file).display()))?;
            }
        }
        // Where it is not so already.
        let _ = fs::write(own.join("memory.use_hierarchy"), "1");
    }
    Ok(())
}

/// Removes them with all that is below, waiting for the last process to be gone.
pub(super) fn remove(name: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        let left: Vec<PathBuf> = found(name)?;
        let Some(first) = left.first() else { return Ok(()) };
        left.iter().for_each(|folder| remove_below(folder));
        if began.elapsed() > LEAVE {
            bail!("{} cannot be removed: a process is in it", first.display());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Those of this name that are there.
pub(super) fn found(name: &str) -> Result<Vec<PathBuf>> {
    let roots = if unified() { vec![PathBuf::from(ROOT)] } else { hierarchies()? };
    Ok(roots.into_iter().map(|root| root.join(name)).filter(|folder| folder.exists()).collect())
}

/// Whether they can be made.
pub(super) fn tried() -> Result<()> {
    let name = format!("outrigger-try-{}", std::process::id());
    let made = make(&name);
    remove(&name).and(made)
}

/// Whether there is one hierarchy for everything (version 2).
fn unified() -> bool {
    Path::new(ROOT).join("cgroup.controllers").exists()
}

/// The hierarchies where there are several, each once: some have a second name, which is a link.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(ROOT).with_context(|| format!("cannot read {ROOT}"))?;
    let folders = entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let folders = folders.map(|entry| entry.path());
    let folders: Vec<PathBuf> = folders.filter(|path| path.join("cgroup.procs").exists()).collect();
    if folders.is_empty() {
        bail!("{ROOT} has no control groups");
    }
    Ok(folders)
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Innermost first; what is not empty stays.
fn remove_below(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .for_each(|entry| remove_below(&entry.path()));
    let _ = fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_a_name_of_its_own() {
        let (one, other) = (name(Path::new("/a/target/cluster")), name(Path::new("/b/target/cluster")));
        assert!(one != other && one.len() == "outrigger-".len() + 8 && one == name(Path::new("/a/target/cluster")));
    }
}
