//! Images of our programs: one static binary each, run by nobody in particular.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

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

/// Builds the programs and makes an image of each that has changed; the archives.
pub(super) fn make() -> Result<Vec<PathBuf>> {
    let began = Instant::now();
    let host = host()?;
    let (target, built) = (target()?, built()?);
    if !PROGRAMS.iter().all(|program| built.join(program).is_file()) {
        println!("building our programs for images: 15 minutes of processor time, once; one after an edit");
    }
    let mut cargo = tools::cargo();
    cargo.args(["build", "--quiet", "--profile", "story", "--target", &host, "--target-dir"]).arg(&target);
    cargo.args(PROGRAMS.iter().flat_map(|name| ["--package", name]));
    // The C library within: an image has no other file. Named as a target, build scripts and macros stay as they are.
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static").env_remove("CARGO_ENCODED_RUSTFLAGS");
    if !cargo.status()?.success() {
        bail!("the build of what is in images failed; what cargo said is above");
    }
    let folder = target.join("images");
    fs::create_dir_all(&folder)?;
    let archives = PROGRAMS.iter().zip(NAMES).map(|(program, name)| {
        let (binary, archive) = (built.join(program), folder.join(format!("{program}-and-{NEXT}.tar")));
        if newer(&binary, &archive)? {
            small::single(&[name, &next(name)], &binary, &format!("/{program}"), USER, &archive)?;
            let (size, seconds) = (fs::metadata(&archive)?.len() as f64 / 1e6, began.elapsed().as_secs_f64());
            println!("made {name}, {size:.1} MB, in {seconds:.1} s");
        }
        Ok(archive)
    });
    archives.collect()
}

/// A program, as it is in its image.
pub(in crate::cluster) fn program(name: &str) -> Result<PathBuf> {
    Ok(built()?.join(name))
}

/// By itself: other flags than everybody else's would have everything compiled anew at every turn.
fn target() -> Result<PathBuf> {
    Ok(tools::target()?.join("story"))
}

fn built() -> Result<PathBuf> {
    Ok(target()?.join(host()?).join("story"))
}

fn next(name: &str) -> String {
    format!("{}:{NEXT}", name.rsplit_once(':').map_or(name, |(name, _)| name))
}

/// What rustc compiles for when nobody says.
fn host() -> Result<String> {
    let said = tools::succeed(std::process::Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not name its host")?;
    Ok(host.to_owned())
}

fn newer(binary: &Path, archive: &Path) -> Result<bool> {
    let binary =
        fs::metadata(binary).with_context(|| format!("cargo has built no {}", binary.display()))?.modified()?;
    Ok(fs::metadata(archive).and_then(|about| about.modified()).map_or(true, |made| made < binary))
}
