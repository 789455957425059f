//! The stories that need an API server as one step of `cargo xtask test`.

use anyhow::{Context as _, Result};

use super::{
    build::{self, Background},
    go,
    prepared::Prepared,
    stories,
    up::Running,
};
use crate::tools::{self, Output};

/// The step.
#[derive(Debug)]
pub(crate) struct Step(Prepared);

impl Step {
    /// Starts to build what is missing: by far the longest work where this was never run before.
    /// Whoever builds more after it wants what Go has compiled for it.
    pub(crate) fn prepare(more: bool) -> Self {
        if !cfg!(target_os = "linux") {
            return Self(Prepared::Skipped("it runs on Linux alone".to_owned()));
        }
        let prepared = || {
            if build::there()?.is_some() {
                return Ok(Prepared::Ready);
            }
            if let Some(why) = go::unusable() {
                return Ok(Prepared::Skipped(why));
            }
            let words: &[&str] = &["kubernetes", "tools", "--keep-go-cache"];
            let words = if more { words } else { &words[..2] };
            println!(
                "      building Kubernetes {} beside the other steps: some minutes, once",
                super::version::VERSION
            );
            Ok(Prepared::Building(Background::start(words)?))
        };
        Self(prepared().unwrap_or_else(Prepared::Failed))
    }

    /// One that is not to be done, for this reason.
    pub(crate) fn skipped(why: &str) -> Self {
        Self(Prepared::Skipped(why.to_owned()))
    }

    /// Why it is not done.
    pub(crate) fn why_skipped(&self) -> Option<&str> {
        if let Prepared::Skipped(why) = &self.0 { Some(why) } else { None }
    }

    /// Waits for the programs, starts a cluster of its own, and runs the stories on it.
    ///
    /// # Errors
    ///
    /// If something cannot be started. What a build or stories said that failed is in the output.
    pub(crate) fn run(self) -> Result<Output> {
        if let Some(failed) = self.0.there()? {
            return Ok(failed);
        }
        let bin = build::there()?.context("the programs are not where they were built")?;
        let cluster = Running::start(&bin)?;
        tools::capture(stories::command(Some(cluster.folder())).env("CARGO_TERM_COLOR", "never"))
    }
}
