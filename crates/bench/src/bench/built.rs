//! Programs that are measured, built for speed.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::tools;

/// This program, optimized. What is measured is built apart: in one build, the features of this one would get into it.
pub(super) fn this_program() -> Result<PathBuf> {
    if !cfg!(debug_assertions) {
        return Ok(env::current_exe()?);
    }
    release(env!("CARGO_PKG_NAME"))
}

/// The control plane that was given, or this tree's, built.
pub(super) fn control_plane(given: Option<&Path>) -> Result<PathBuf> {
    given.map_or_else(|| release("outrigger-control-plane"), |binary| Ok(binary.to_owned()))
}

pub(super) fn release(package: &str) -> Result<PathBuf> {
    tools::succeed(tools::cargo().args(["build", "--quiet", "--release", "-p", package]))?;
    Ok(tools::target()?.join("release").join(format!("{package}{}", env::consts::EXE_SUFFIX)))
}

/// The sidecar that was given, or this tree's, built.
pub(crate) fn sidecar(given: Option<&Path>) -> Result<PathBuf> {
    given.map_or_else(|| release("outrigger"), |binary| Ok(binary.to_owned()))
}
