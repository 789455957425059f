//! Images of one program: what keeps a pod's namespaces, DNS, and a shell for stories.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use anyhow::Result;

use super::{
    super::{debs, kit::Kit},
    BUSYBOX, COREDNS, PAUSE,
    oci::Image,
};
use crate::tools;

pub(super) fn pause(kit: &Kit, archive: &Path) -> Result<()> {
    single(&[PAUSE], &kit.dns.join("pause"), "/pause", "65535:65535", archive)
}

pub(super) fn pause_stamp(kit: &Kit) -> Result<String> {
    of_file(&kit.dns.join("pause"))
}

pub(super) fn coredns(kit: &Kit, archive: &Path) -> Result<()> {
    single(&[COREDNS], &kit.dns.join("coredns"), "/coredns", "", archive)
}

pub(super) fn coredns_stamp(kit: &Kit) -> Result<String> {
    of_file(&kit.dns.join("coredns"))
}

/// A shell, wget and the rest, as nobody unless a pod says otherwise.
pub(super) fn busybox(kit: &Kit, archive: &Path) -> Result<()> {
    let root = tempfile::tempdir()?;
    open(root.path())?;
    shell(&kit.tools, &root.path().join("bin"))?;
    writable(&root.path().join("tmp"))?;
    let image =
        Image { names: &[BUSYBOX], entrypoint: &["/bin/sh"], user: "65532:65532", env: &["PATH=/bin"], folder: "/" };
    image.write(root.path(), archive).map(drop)
}

pub(super) fn busybox_stamp(kit: &Kit) -> Result<String> {
    of_file(&debs::program(&kit.tools, "busybox")?)
}

/// An image that is one program; of nobody's user where that is empty.
pub(super) fn single(names: &[&str], program: &Path, at: &str, user: &str, archive: &Path) -> Result<()> {
    let root = tempfile::tempdir()?;
    open(root.path())?;
    let place = root.path().join(at.trim_start_matches('/'));
    fs::copy(program, &place)?;
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
    Image { names, entrypoint: &[at], user, env: &[], folder: "/" }.write(root.path(), archive).map(drop)
}

/// busybox, by the names of all that it does, in this folder; what is there stays.
pub(super) fn shell(packages: &Path, bin: &Path) -> Result<()> {
    let program = debs::program(packages, "busybox")?;
    fs::create_dir_all(bin)?;
    let own = bin.join("busybox");
    if !own.exists() {
        fs::copy(&program, &own)?;
    }
    for name in tools::succeed(Command::new(&program).arg("--list"))?.lines().filter(|name| *name != "busybox") {
        if fs::symlink_metadata(bin.join(name)).is_err() {
            symlink("busybox", bin.join(name))?;
        }
    }
    Ok(())
}

/// A folder in which everybody may write.
pub(super) fn writable(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o1777))?)
}

/// What is in it is for everybody to read.
pub(super) fn open(folder: &Path) -> Result<()> {
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?)
}

/// A program that is replaced when it is made anew.
fn of_file(program: &Path) -> Result<String> {
    let about = fs::metadata(program)?;
    Ok(format!("2 {} {:?}", about.len(), about.modified()?))
}
