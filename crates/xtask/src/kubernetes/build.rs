//! `cargo xtask kubernetes tools`: etcd, kube-apiserver, kube-controller-manager and kubectl out of Go modules.
//!
//! All are built in one command: they share two packages of three. etcd is the release that this Kubernetes is made with.

mod background;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

pub(crate) use background::Background;

use super::{
    MODULES, VERSION,
    cache::{Cache, remove},
    go::{self, Caches},
    leash, progress,
};
use crate::tools;

/// Package, and the name of the program.
const PROGRAMS: [(&str, &str); 4] = [
    ("go.etcd.io/etcd/server/v3", "etcd"),
    ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
    ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
    ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
];
/// What decides what is built; without debugging information a tenth of the work and a fifth of the disk is saved.
const FLAGS: [&str; 4] = ["-trimpath", "-gcflags=all=-dwarf=false", "-tags", "selinux,notest,grpcnotrace"];
/// A link takes up to 1.4 GB of memory: more than so many at one time would not do on a large machine with little of it.
const MOST_JOBS: usize = 8;
/// How many of the last lines are shown when it fails.
const LAST_LINES: usize = 40;

/// Builds etcd, kube-apiserver, kube-controller-manager and kubectl, once: 12 minutes of processor time, 4 GB of disk while
/// it builds and 0.25 GB then. One that was interrupted goes on where it was.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keep what Go has downloaded and compiled: 3.6 GB.
    #[arg(long)]
    keep_go_cache: bool,
    /// Build and module caches of Go that are there already, `build` and `modules` in this folder, and stay there.
    #[arg(long, hide = true, value_name = "FOLDER")]
    go_caches: Option<PathBuf>,
    /// Give way to everything else, and end when standard input does.
    #[arg(long, hide = true)]
    background: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if args.background {
        leash::end_group_with_parent();
        // Within one session alone: what else a test run does goes first.
        let _ = rustix::process::nice(19);
    }
    let bin = build(args)?;
    println!("Kubernetes {VERSION} is in {}", bin.display());
    for (_, name) in PROGRAMS {
        println!("  {name:<24}{:>6.1} MB", fs::metadata(bin.join(name))?.len() as f64 / 1e6);
    }
    Ok(())
}

/// The folder with the programs, if they are built.
pub(super) fn there() -> Result<Option<PathBuf>> {
    let cache = Cache::open()?;
    let bin = cache.bin();
    let complete = cache.holds(&stamp()?) && PROGRAMS.iter().all(|(_, name)| bin.join(name).is_file());
    Ok(complete.then_some(bin))
}

/// The folder with the programs, which are built if they are not there.
pub(super) fn ensure() -> Result<PathBuf> {
    build(&Args { keep_go_cache: false, go_caches: None, background: false })
}

fn build(args: &Args) -> Result<PathBuf> {
    if let Some(bin) = there()? {
        return Ok(bin);
    }
    if let Some(why) = go::unusable() {
        bail!("{why}");
    }
    let cache = Cache::open()?;
    let _lock = cache.lock()?;
    // Whoever held the lock may have built them.
    if let Some(bin) = there()? {
        return Ok(bin);
    }
    println!("building Kubernetes {VERSION} in {}", cache.folder().display());
    println!("  once: about 12 minutes of processor time; 4 GB of disk meanwhile, 0.25 GB then; 0.1 GB are downloaded");
    let began = Instant::now();
    let caches = args.go_caches.as_deref().map_or_else(|| Caches::below(&cache.go()), Caches::below);
    compile(&caches, &cache.draft())?;
    cache.finish(&stamp()?)?;
    if !args.keep_go_cache {
        remove(&cache.go())?;
    }
    println!("  built in {} s", began.elapsed().as_secs());
    Ok(cache.bin())
}

fn compile(caches: &Caches, draft: &Path) -> Result<()> {
    let packages = PROGRAMS.map(|(package, _)| package);
    // Downloads what is needed and no more, and tells how much there is to compile.
    let needed = tools::succeed(go::command(caches).args(["list", "-deps", FLAGS[2], FLAGS[3]]).args(packages))?;
    remove(draft)?;
    fs::create_dir_all(draft)?;
    let jobs = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, MOST_JOBS));
    let mut command = go::command(caches);
    command.args(["build", "-v", "-p", &jobs.to_string()]).args(FLAGS).args(["-ldflags", &link_flags()]);
    // Ends in a slash: into this folder.
    command.arg("-o").arg(draft.join("")).args(packages);
    watched(&mut command, needed.lines().count())?;
    for (package, name) in PROGRAMS {
        fs::rename(draft.join(built_name(package)), draft.join(name))?;
    }
    Ok(())
}

/// Runs the build to its end, and shows how far it is.
fn watched(command: &mut Command, total: usize) -> Result<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take().map(|stderr| progress::follow(stderr, total)).unwrap_or_default();
    let status = child.wait()?;
    if !status.success() {
        let first = said.len().saturating_sub(LAST_LINES);
        bail!("go build ended with {status}:\n{}", said[first..].join("\n"));
    }
    Ok(())
}

/// Without these the server does not know its own version, and clients cannot parse what it says instead.
fn link_flags() -> String {
    let mut flags = "-s -w".to_owned();
    let mut numbers = VERSION.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    for package in ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] {
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

/// What Go calls the program of a package: its last word that is no version.
fn built_name(package: &str) -> &str {
    let mut words = package.rsplit('/');
    let last = words.next().unwrap_or(package);
    let version = last.strip_prefix('v').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if version { words.next().unwrap_or(last) } else { last }
}

/// Changes with whatever decides what is built.
fn stamp() -> Result<String> {
    let folder = tools::root().join(MODULES);
    let mut hashed = ring::digest::Context::new(&ring::digest::SHA256);
    for file in ["go.mod", "go.sum"] {
        let path = folder.join(file);
        hashed.update(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    hashed.update(format!("{PROGRAMS:?} {FLAGS:?} {}", link_flags()).as_bytes());
    Ok(hashed.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_are_of_the_version_that_is_named() {
        let modules = fs::read_to_string(tools::root().join(MODULES).join("go.mod")).unwrap();
        assert!(modules.lines().any(|line| line.trim() == format!("k8s.io/kubernetes {VERSION}")));
        assert!(modules.contains(&format!("k8s.io/api => k8s.io/api {}", VERSION.replacen("v1.", "v0.", 1))));
    }

    #[test]
    fn programs_are_found_where_go_puts_them() {
        assert_eq!(
            PROGRAMS.map(|(package, _)| built_name(package)),
            ["server", "kube-apiserver", "kube-controller-manager", "kubectl"]
        );
    }
}
