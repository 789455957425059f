//! What is measured, by name.

mod failover;
mod fleet;
mod linked;
mod memory;
mod plan;
mod start;
mod streams;
mod translated;
mod uploads;
mod whole;

use anyhow::Result;

use super::{alone::Alone, figure::Figures, stage::Stage};
use Run::Staged;

/// A thing to measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) run: Run,
    /// Left out of a quick run, because it takes long whatever is done.
    pub(super) slow: bool,
}

/// How.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run {
    /// Among the contenders, each on its core.
    Staged(fn(&mut Stage, &mut Figures) -> Result<()>),
    /// With every core to itself, before the contenders are there.
    Alone(fn(&Alone, &mut Figures) -> Result<()>),
}

/// In the order they are run, but for those that are run alone, which come first.
pub(super) const LANES: &[Lane] = &[
    Lane { name: "chat-1k", about: "1 KB there and back, one caller", run: Staged(whole::one_kilobyte), slow: false },
    Lane {
        name: "chat-1k-c8",
        about: "1 KB there and back, 8 callers",
        run: Staged(whole::eight_callers),
        slow: false,
    },
    Lane { name: "saturation", about: "1 KB there and back, 64 callers", run: Staged(whole::saturation), slow: false },
    Lane {
        name: "chat-10k",
        about: "10 KB there and back, one caller",
        run: Staged(whole::ten_kilobytes),
        slow: false,
    },
    Lane {
        name: "image-1m",
        about: "1 MB with an image, 1 KB back, one caller",
        run: Staged(whole::image),
        slow: false,
    },
    Lane {
        name: "uploads",
        about: "1 KB there and back, one caller, beside 50 uploads of 20 MiB",
        run: Staged(uploads::run),
        slow: false,
    },
    Lane { name: "sse", about: "64 events 20 ms apart, 8 streams at a time", run: Staged(streams::paced), slow: false },
    Lane {
        name: "streams-1000",
        about: "64 events 20 ms apart, 1,000 at a time",
        run: Staged(streams::thousand),
        slow: false,
    },
    Lane {
        name: "translated",
        about: "from one dialect to the other, 8 callers",
        run: Staged(translated::run),
        slow: false,
    },
    Lane { name: "failover", about: "a primary that fails, one caller", run: Staged(failover::run), slow: false },
    Lane { name: "start", about: "from spawn to ready, and the binary", run: Staged(start::run), slow: false },
    Lane { name: "memory", about: "idle, loaded, and idle again", run: Staged(memory::run), slow: true },
    Lane { name: "plan", about: "the decision alone", run: Staged(plan::run), slow: true },
    Lane { name: "fleet", about: "10,000 sidecars at a control plane", run: Run::Alone(fleet::run), slow: false },
    Lane { name: "linked", about: "one sidecar at a control plane", run: Run::Alone(linked::run), slow: false },
];
