//! `cargo xtask kubernetes tools`: etcd, kube-apiserver, kube-controller-manager and kubectl out of Go modules; and how any
//! [`Set`] of programs is built, once.

mod background;
mod sets;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use anyhow::{Result, bail};

pub(crate) use background::Background;
pub(crate) use sets::{API, CONTAINERD, DNS, NODE, Set};

use super::{
    cache::{Cache, remove},
    go::{self, Caches},
    leash, progress,
    version::VERSION,
};
use crate::tools;

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
        give_way();
    }
    let bin = build(args)?;
    println!("Kubernetes {VERSION} is in {}", bin.display());
    for (_, name) in API.programs {
        println!("  {name:<24}{:>6.1} MB", fs::metadata(bin.join(name))?.len() as f64 / 1e6);
    }
    Ok(())
}

/// Ends with whoever started us, and lets everything else of a test run go first.
pub(crate) fn give_way() {
    leash::end_group_with_parent();
    // Within one session alone.
    let _ = rustix::process::nice(19);
}

/// The folder with the programs of an API server, if they are built.
pub(super) fn there() -> Result<Option<PathBuf>> {
    built(&API)
}

/// The folder with the programs of a set, if they are built.
pub(crate) fn built(set: &Set) -> Result<Option<PathBuf>> {
    let cache = Cache::of(set)?;
    let bin = cache.bin();
    let complete = cache.holds(&set.stamp()?) && set.programs.iter().all(|(_, name)| bin.join(name).is_file());
    Ok(complete.then_some(bin))
}

/// The folder with the programs of an API server, which are built if they are not there.
pub(super) fn ensure() -> Result<PathBuf> {
    build(&Args { keep_go_cache: false, go_caches: None, background: false })
}

fn build(args: &Args) -> Result<PathBuf> {
    let bins = build_all(&[&API], args.go_caches.as_deref(), args.keep_go_cache)?;
    Ok(bins.into_iter().next().unwrap_or_default())
}

/// Builds what is missing of these, in this order, with what Go has compiled for one kept for the next; the folder of each.
pub(crate) fn build_all(sets: &[&Set], go_caches: Option<&Path>, keep: bool) -> Result<Vec<PathBuf>> {
    if let Some(bins) = all_built(sets)? {
        return Ok(bins);
    }
    if let Some(why) = go::unusable() {
        bail!("{why}");
    }
    // One folder and one lock for all: they compile the same packages.
    let shared = Cache::of(&API)?;
    let _lock = shared.lock()?;
    let caches = go_caches.map_or_else(|| Caches::below(&shared.go()), Caches::below);
    for set in sets {
        // Whoever held the lock may have built it.
        if built(set)?.is_some() {
            continue;
        }
        let cache = Cache::of(set)?;
        println!("building {} {} in {}", set.name, set.version(), cache.folder().display());
        println!("  once: {}", set.cost);
        let began = Instant::now();
        compile(set, &caches, &cache.draft())?;
        cache.finish(&set.stamp()?)?;
        println!("  built in {} s", began.elapsed().as_secs());
    }
    if !keep {
        remove(&shared.go())?;
    }
    sets.iter().map(|set| Ok(Cache::of(set)?.bin())).collect()
}

/// The folder of each, if all are built.
fn all_built(sets: &[&Set]) -> Result<Option<Vec<PathBuf>>> {
    sets.iter().map(|set| built(set)).collect()
}

fn compile(set: &Set, caches: &Caches, draft: &Path) -> Result<()> {
    let flags = set.flags();
    // Downloads what is needed and no more, and tells how much there is to compile.
    let mut list = go::command(caches, &set.folder());
    let needed = tools::succeed(list.args(["list", "-deps", flags[2], flags[3]]).args(set.packages()))?;
    remove(draft)?;
    fs::create_dir_all(draft)?;
    let jobs = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, MOST_JOBS));
    let mut command = go::command(caches, &set.folder());
    command.args(["build", "-v", "-p", &jobs.to_string()]).args(flags).args(["-ldflags", &set.link_flags()]);
    // Ends in a slash: into this folder.
    command.arg("-o").arg(draft.join("")).args(set.packages());
    watched(&mut command, needed.lines().count())?;
    for (package, name) in set.programs {
        let (from, to) = (draft.join(built_name(package)), draft.join(name));
        if from != to {
            fs::rename(from, to)?;
        }
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

/// What Go calls the program of a package: its last word that is no version.
fn built_name(package: &str) -> &str {
    let mut words = package.rsplit('/');
    let last = words.next().unwrap_or(package);
    let version = last.strip_prefix('v').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if version { words.next().unwrap_or(last) } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_where_go_puts_them() {
        assert_eq!(
            API.packages().map(built_name).collect::<Vec<_>>(),
            ["server", "kube-apiserver", "kube-controller-manager", "kubectl"]
        );
    }
}
