//! Images of our programs: one static binary each, run by nobody in particular.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result};

use super::small;
use crate::tools;

/// What a pod calls them.
pub(super) const NAMES: [&str; 3] =
    ["localhost/outrigger-sidecar:dev", "localhost/outrigger-control-plane:dev", "localhost/outrigger:dev"];
/// The tag of the same programs as somebody upgrades to them.
const NEXT: &str = "next";
/// The programs, as cargo names packages and binaries alike.
const PROGRAMS: [&str; 3] = ["outrigger-sidecar", "outrigger-control-plane", "outrigger"];
/// As in `deploy/Dockerfile`: no name of it is in any image.
const USER: &str = "65532:65532";

/// Has what rustc makes of a binary linked as in a release.
const WRAPPER: &str = "crates/xtask/src/cluster/images/static.sh";

/// Builds the programs and makes an image of each that has changed; the archives.
///
/// They are what other tests start but for how they are linked: what other crates come from is compiled once, and one
/// compiled for a release would take another 15 minutes of processor time.
pub(super) fn make() -> Result<Vec<PathBuf>> {
    let began = Instant::now();
    let folder = folder()?;
    fs::create_dir_all(&folder)?;
    let mut cargo = tools::build_programs();
    tools::succeed(cargo.env("RUSTC_WORKSPACE_WRAPPER", tools::root().join(WRAPPER)))
        .context("the build of what is in images failed")?;
    let archives = PROGRAMS.iter().zip(NAMES).map(|(program, name)| {
        let (built, kept) = (tools::debug()?.join(program), folder.join(program));
        let archive = folder.join(format!("{program}-and-{NEXT}.tar"));
        if newer(&built, &archive)? {
            // The next build of the same program for anybody else takes its place.
            fs::copy(&built, &kept).with_context(|| format!("{} cannot be written", kept.display()))?;
            small::single(&[name, &next(name)], &kept, &format!("/{program}"), USER, &archive)?;
            let (size, seconds) = (fs::metadata(&archive)?.len() as f64 / 1e6, began.elapsed().as_secs_f64());
            println!("made {name}, {size:.1} MB, in {seconds:.1} s");
        }
        Ok(archive)
    });
    archives.collect()
}

/// A program, as it is in its image.
pub(in crate::cluster) fn program(name: &str) -> Result<PathBuf> {
    Ok(folder()?.join(name))
}

fn folder() -> Result<PathBuf> {
    Ok(tools::target()?.join("images"))
}

fn next(name: &str) -> String {
    format!("{}:{NEXT}", name.rsplit_once(':').map_or(name, |(name, _)| name))
}

fn newer(binary: &Path, archive: &Path) -> Result<bool> {
    let binary =
        fs::metadata(binary).with_context(|| format!("cargo has built no {}", binary.display()))?.modified()?;
    Ok(fs::metadata(archive).and_then(|about| about.modified()).map_or(true, |made| made < binary))
}
