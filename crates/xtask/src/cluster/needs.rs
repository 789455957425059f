//! What it takes on this machine, and what is missing, in one line.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use super::{cgroups, kit};
use crate::kubernetes::go;

/// Programs that are called as they are, and what they are a part of.
const PROGRAMS: [(&str, &str); 7] = [
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
    ("env", "coreutils"),
    ("chroot", "coreutils"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("python3", "Python 3"),
];

/// Why there can be no cluster here; `None` where there can.
pub(super) fn missing() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("a node runs on Linux alone".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        let other = (on_path("kind") && (on_path("docker") || on_path("podman")))
            .then_some("; `kind`, which is here, would be the way without, and this chore does not know it");
        return Some(format!("a node needs root{}", other.unwrap_or_default()));
    }
    let absent = PROGRAMS.iter().find(|(name, _)| !on_path(name));
    if let Some((name, package)) = absent {
        return Some(format!("`{name}` ({package}) is not on the path"));
    }
    if !python_has("pip") || !python_has("venv") {
        return Some("python3 has no pip or no venv, with which Helm and SDKs for images are fetched".to_owned());
    }
    if !fs::read_to_string("/proc/filesystems").unwrap_or_default().contains("\toverlay\n") {
        return Some("the kernel has no overlay filesystem (`modprobe overlay`)".to_owned());
    }
    // All that is asked of the kernel, in one try.
    let namespaces = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--propagation", "private"];
    let bridge = ["ip", "link", "add", "node0", "type", "bridge"];
    let tried = Command::new("unshare").args(namespaces).args(bridge).stdin(Stdio::null()).output();
    if !tried.as_ref().is_ok_and(|output| output.status.success()) {
        let said = tried.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
        let said = said.trim().lines().next().unwrap_or("unshare failed").to_owned();
        return Some(format!("no mount, network and process namespaces with a bridge can be made here: {said}"));
    }
    if let Err(error) = cgroups::tried() {
        return Some(format!("no control group can be made here: {error:#}"));
    }
    if kit::built() { None } else { go::unusable() }
}

pub(super) fn on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| Path::new(&folder).join(name).is_file())
}

fn python_has(module: &str) -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", &format!("import {module}")]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
