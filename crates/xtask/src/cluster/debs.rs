//! What is taken from the machine's own release of Debian or Ubuntu, unpacked into a folder and not installed.
//!
//! apt works on a state of its own in which nothing is installed, so it finds out what belongs to what was asked for, and
//! checks signatures as always. Versions are those of the release: programs fit the machine's C library.

use std::{
    env::consts::ARCH,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    kubernetes::cache::{Cache, remove},
    tools,
};

/// Links that the packages would have made when installed.
pub(super) const LINKS: &str = "links";
const IPTABLES: [&str; 6] =
    ["iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"];

/// Packages that are unpacked into one folder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bundle {
    /// What the node calls.
    Tools,
    /// What is in images with an interpreter.
    Base,
    /// Prometheus and promtool, which need nothing but the C library; the rest of their packages is for their pages.
    Prometheus,
}

impl Bundle {
    fn kept(self) -> &'static str {
        match self {
            Self::Tools => "cluster/tools",
            Self::Base => "cluster/base",
            Self::Prometheus => "prometheus",
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Tools => &["runc", "iptables", "busybox-static"],
            Self::Base => &["python3-minimal", "libpython3-stdlib", "libstdc++6", "ca-certificates", "busybox-static"],
            Self::Prometheus => &["prometheus"],
        }
    }

    /// Whether what belongs to it is left where it is.
    fn alone(self) -> bool {
        matches!(self, Self::Prometheus)
    }

    /// What is asked for and not wanted, by how the name of its file begins.
    fn without(self) -> &'static [&'static str] {
        match self {
            // The machine has these, and a second C library beside it does not do.
            Self::Tools => &["gcc-", "libc6_", "libgcc-s1_", "netbase_"],
            Self::Base => &["debconf_", "dpkg_", "gcc-", "openssl_", "tar_"],
            Self::Prometheus => &[],
        }
    }
}

/// How libraries of this machine are told from others.
pub(super) fn triple() -> String {
    format!("{ARCH}-linux-gnu")
}

/// Whether it is unpacked already.
pub(crate) fn unpacked(bundle: Bundle) -> Result<bool> {
    let cache = Cache::at(bundle.kept())?;
    Ok(cache.holds(&stamp(bundle)) && cache.bin().is_dir())
}

/// The folder of a bundle, which is fetched if it is not there.
pub(crate) fn ensure(bundle: Bundle) -> Result<PathBuf> {
    let cache = Cache::at(bundle.kept())?;
    if unpacked(bundle)? {
        return Ok(cache.bin());
    }
    // One at a time: apt's state is shared.
    let apt = Cache::at("cluster/apt")?;
    let _lock = apt.lock()?;
    if unpacked(bundle)? {
        return Ok(cache.bin());
    }
    let began = Instant::now();
    println!("fetching {} with what belongs to them", bundle.packages().join(", "));
    let fetched = fetch(apt.folder(), bundle)?;
    let draft = cache.draft();
    remove(&draft)?;
    for folder in ["bin", "lib", "lib64", "sbin"] {
        // As every system has it: files of both places are in one.
        fs::create_dir_all(draft.join("usr").join(folder))?;
        symlink(format!("usr/{folder}"), draft.join(folder))?;
    }
    for package in &fetched {
        tools::succeed(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&draft))?;
    }
    finished(bundle, &draft)?;
    cache.finish(&stamp(bundle))?;
    // What was downloaded is of no use any more; the lists are those of a day.
    remove(apt.folder().join("archives").as_path())?;
    remove(apt.folder().join("lists").as_path())?;
    println!("  {} packages in {:.0} s", fetched.len(), began.elapsed().as_secs_f64());
    Ok(cache.bin())
}

/// A program that some releases have in one folder and some in another.
pub(crate) fn program(root: &Path, name: &str) -> Result<PathBuf> {
    let places = ["usr/sbin", "usr/bin", "sbin", "bin"].map(|folder| root.join(folder).join(name));
    let found = places.into_iter().find(|path| path.is_file());
    found.with_context(|| format!("no {name} among what was unpacked in {}", root.display()))
}

/// Downloads a bundle; the files that are to be unpacked.
fn fetch(state: &Path, bundle: Bundle) -> Result<Vec<PathBuf>> {
    let archives = state.join("archives");
    for folder in ["lists/partial", "archives/partial"] {
        fs::create_dir_all(state.join(folder))?;
    }
    // Nothing is installed.
    fs::write(state.join("status"), "")?;
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        for (name, value) in [
            ("Dir::State::Lists", state.join("lists")),
            ("Dir::State::status", state.join("status")),
            ("Dir::State::extended_states", state.join("extended")),
            ("Dir::Cache", state.to_owned()),
            ("Dir::Cache::Archives", archives.clone()),
        ] {
            command.arg("-o").arg(format!("{name}={}", value.display()));
        }
        command.args(["-o", "APT::Sandbox::User=root", "-o", "APT::Install-Recommends=0"]);
        // The machine's own lock is nobody's business, and its hooks are not ours.
        command.args(["-o", "Debug::NoLocking=1", "-o", "APT::Update::Post-Invoke-Success=", "-q", "-y"]);
        // `download` writes where it is called.
        command.args(words).current_dir(&archives).env("DEBIAN_FRONTEND", "noninteractive");
        tools::succeed(&mut command)
    };
    apt(&["update"]).context("apt-get finds no packages")?;
    let asked: &[&str] = if bundle.alone() { &["download"] } else { &["install", "--download-only"] };
    apt(&[asked, bundle.packages()].concat())?;
    let entries = fs::read_dir(&archives)?.collect::<Result<Vec<_>, _>>()?;
    let files =
        entries.into_iter().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "deb"));
    let wanted = files.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let asked = bundle.packages().iter().any(|package| name.starts_with(&format!("{package}_")));
        (asked || !bundle.alone()) && !bundle.without().iter().any(|begin| name.starts_with(begin))
    });
    let mut wanted: Vec<PathBuf> = wanted.collect();
    wanted.sort();
    if wanted.is_empty() {
        bail!("apt-get has downloaded nothing");
    }
    Ok(wanted)
}

/// What the scripts of the packages would have done.
fn finished(bundle: Bundle, root: &Path) -> Result<()> {
    match bundle {
        Bundle::Tools => {
            let links = root.join(LINKS);
            fs::create_dir_all(&links)?;
            for name in IPTABLES {
                symlink("../usr/sbin/xtables-nft-multi", links.join(name))?;
            }
        }
        Bundle::Base => {
            let certificates = root.join("usr/share/ca-certificates/mozilla");
            let mut files: Vec<PathBuf> =
                fs::read_dir(&certificates)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
            files.sort();
            let mut all = Vec::new();
            for file in files {
                all.extend(fs::read(file)?);
            }
            fs::create_dir_all(root.join("etc/ssl/certs"))?;
            fs::write(root.join("etc/ssl/certs/ca-certificates.crt"), all)?;
        }
        Bundle::Prometheus => {}
    }
    for folder in ["doc", "man", "lintian", "locale", "bash-completion"] {
        remove(&root.join("usr/share").join(folder))?;
    }
    Ok(())
}

/// Another release, another machine, other packages.
pub(super) fn stamp(bundle: Bundle) -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let release = release.lines().find(|line| line.starts_with("VERSION=")).unwrap_or_default().to_owned();
    format!("1 {ARCH} {release} {:?} {:?}", bundle.packages(), bundle.without())
}
