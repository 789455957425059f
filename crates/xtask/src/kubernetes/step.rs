//! The stories that need an API server as one step of `cargo xtask test`.

use anyhow::{Context as _, Result};

use super::{
    build::{self, Background},
    go, stories,
    up::Running,
};
use crate::tools::{self, Output};

/// What is known of the step before it is its turn.
#[derive(Debug)]
pub(crate) enum Step {
    /// It cannot be done here, in one line.
    Skipped(String),
    /// The programs are there.
    Ready,
    /// They are built beside other steps.
    Building(Background),
    /// The build did not start.
    Failed(anyhow::Error),
}

impl Step {
    /// Starts to build what is missing: by far the longest work where this was never run before.
    /// Whoever builds more after it wants what Go has compiled for it.
    pub(crate) fn prepare(more: bool) -> Self {
        if !cfg!(target_os = "linux") {
            return Self::Skipped("it runs on Linux alone".to_owned());
        }
        let prepared = || {
            if build::there()?.is_some() {
                return Ok(Self::Ready);
            }
            if let Some(why) = go::unusable() {
                return Ok(Self::Skipped(why));
            }
            let words: &[&str] = &["kubernetes", "tools", "--keep-go-cache"];
            let words = if more { words } else { &words[..2] };
            println!("      building Kubernetes {} beside the other steps: some minutes, once", super::VERSION);
            Ok(Self::Building(Background::start(words)?))
        };
        prepared().unwrap_or_else(Self::Failed)
    }

    /// Waits for the programs, starts a cluster of its own, and runs the stories on it.
    ///
    /// # Errors
    ///
    /// If something cannot be started. What a build or stories said that failed is in the output.
    pub(crate) fn run(self) -> Result<Output> {
        match self {
            Self::Skipped(why) => anyhow::bail!("{why}"),
            Self::Failed(error) => return Err(error),
            Self::Ready => {}
            Self::Building(background) => {
                let built = background.join()?;
                if !built.ok {
                    return Ok(built);
                }
            }
        }
        let bin = build::there()?.context("the programs are not where they were built")?;
        let cluster = Running::start(&bin)?;
        tools::capture(stories::command(Some(cluster.folder())).env("CARGO_TERM_COLOR", "never"))
    }
}
