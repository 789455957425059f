//! What a lane that runs alone is told.

use std::path::PathBuf;

/// What a lane needs that has every core to itself.
#[derive(Debug)]
pub(super) struct Alone {
    /// This program, built for speed.
    pub(super) program: PathBuf,
    /// A release of the control plane.
    pub(super) control_plane: PathBuf,
    /// A release of the sidecar that follows it, where one was given.
    pub(super) outrigger_sidecar: Option<PathBuf>,
    pub(super) sidecars: usize,
    pub(super) quick: bool,
}
