//! What the node sees of the machine's files: everything, but for the places where its programs write.

use std::{ffi::CString, fs, os::unix::fs::symlink, path::Path};

use anyhow::{Context as _, Result};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};

/// What the kubelet sets for the whole machine: it is to find them set already.
pub(super) const KERNEL: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// Mounts all of it, in a mount namespace that is private to the machine.
pub(super) fn make(run: &Path) -> Result<()> {
    // The kubelet wants its mounts to be seen in containers.
    mount_change("/", MountPropagationFlags::SHARED | MountPropagationFlags::REC).context("cannot share mounts")?;
    // containerd, the kubelet and CNI write at fixed places below these two.
    memory(Path::new("/run"), "mode=755")?;
    for folder in ["netns", "containerd", "lock"] {
        fs::create_dir_all(Path::new("/run").join(folder))?;
    }
    let layers = run.join("var");
    memory(&layers, "mode=700")?;
    let [upper, work] = ["upper", "work"].map(|name| layers.join(name));
    fs::create_dir_all(&upper)?;
    fs::create_dir_all(&work)?;
    let options = format!("lowerdir=/var,upperdir={},workdir={}", upper.display(), work.display());
    mount("overlay", "/var", "overlay", MountFlags::empty(), Some(CString::new(options)?.as_c_str()))
        .context("cannot put a layer over /var")?;
    // The machine's own resolver may be a link into /run.
    if !Path::new("/etc/resolv.conf").exists() {
        let _ = fs::read_link("/etc/resolv.conf").map(|target| {
            let target = Path::new("/etc").join(target);
            target.parent().map(fs::create_dir_all);
            symlink(run.join("resolv.conf"), target)
        });
    }
    let kernel = run.join("kernel");
    fs::create_dir_all(&kernel)?;
    for (name, value) in KERNEL {
        let file = kernel.join(name.replace('/', "."));
        fs::write(&file, format!("{value}\n"))?;
        let place = Path::new("/proc/sys").join(name);
        if place.exists() {
            mount_bind(&file, &place).with_context(|| format!("cannot hide {}", place.display()))?;
        }
    }
    // Nothing here outlives a story: unpacking an image waits for no disk, and nothing is left to be deleted.
    for folder in ["containerd", "etcd"] {
        memory(&run.join(folder), "mode=700")?;
    }
    Ok(())
}

/// A folder in memory.
fn memory(folder: &Path, options: &str) -> Result<()> {
    fs::create_dir_all(folder)?;
    mount("tmpfs", folder, "tmpfs", MountFlags::empty(), Some(CString::new(options)?.as_c_str()))
        .with_context(|| format!("cannot mount a folder in memory at {}", folder.display()))
}
