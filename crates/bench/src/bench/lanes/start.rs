//! From nothing to ready.

use std::{fs, time::Instant};

use anyhow::Result;

use crate::bench::{
    figure::{Figures, Spread},
    stage::Stage,
};

const STARTS: usize = 20;
/// Milliseconds.
const READY_REACH: f64 = 50.0;
/// MiB.
const BINARY_REACH: f64 = 12.0;

pub(super) fn run(stage: &mut Stage, figures: &mut Figures) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let sidecar = stage.sidecar("sidecar", &[])?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        drop(sidecar);
    }
    figures.hold("sidecar", "spawn to ready file", "ms", Spread::of(times), READY_REACH);
    let bytes = fs::metadata(&stage.binary)?.len() as f64;
    figures.hold("sidecar", "size of the binary", "MiB", Spread::of([bytes / f64::from(1 << 20)]), BINARY_REACH);
    Ok(())
}
