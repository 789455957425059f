//! A fleet: thousands of sidecars in one process at a real control plane, over gRPC and TLS.
//!
//! Shared by `cargo xtask bench --lane fleet`, which measures releases, and `cargo xtask fleet-check`, which judges a small fleet
//! at whatever was built.

mod chore;
pub(super) mod client;
mod measure;
mod plane;
mod policy;
mod sidecars;
mod words;

use std::{path::PathBuf, time::Duration};

pub(crate) use chore::{Args, run};
pub(super) use measure::measure;
pub(super) use plane::Plane;
pub(super) use policy::{Folder, namespace};

/// What is measured, and how much of it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The control plane.
    pub(super) binary: PathBuf,
    /// This program, for the process of the sidecars.
    pub(super) program: PathBuf,
    pub(super) sidecars: usize,
    /// Views, each of a namespace of its own, and the routes of all of them.
    pub(super) views: usize,
    pub(super) routes: usize,
    /// How often each kind of edit is timed.
    pub(super) edits: usize,
    /// Edits in a row, 60 ms apart: 1,000 in a minute.
    pub(super) flood: u32,
    /// How long it is left alone before its memory is read: longer than what was freed takes to go back to the system, and
    /// than the folder is looked at twice.
    pub(super) calm: Duration,
    pub(super) gates: Gates,
}

/// What may not be more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gates {
    /// Resident memory of the control plane for each idle sidecar.
    pub(super) kib: f64,
    /// From an edit to its last ack: the median over edits, and the longest.
    pub(super) median_seconds: f64,
    pub(super) most_seconds: f64,
    /// Peak of memory by idle.
    pub(super) peak: f64,
}

impl Gates {
    /// Of a release and 10,000 sidecars.
    pub(super) const RELEASE: Self = Self { kib: 30.0, median_seconds: 1.0, most_seconds: 2.0, peak: 1.5 };
    /// Of a debug build with some hundred, beside other checks. What a control plane holds for all of them together, some
    /// 10 MiB, is 20 KiB of each of 500, and as much more where the allocator has not given back yet what a storm of
    /// reconnects took: 52 to 60 KiB were measured. A stream that keeps a frame of its view, of 60 KB, is seen all the same.
    pub(super) const SMALL: Self = Self { kib: 90.0, median_seconds: 2.0, most_seconds: 2.0, peak: 2.0 };
}
