//! The stories in which pods run as one step of `cargo xtask test`.

use std::process::Command;

use anyhow::Result;

use super::{images, kit, needs};
use crate::{
    kubernetes::{build::Background, prepared::Prepared},
    tools::{self, Output},
};

/// The step.
#[derive(Debug)]
pub(crate) struct Step(Prepared);

impl Step {
    /// Starts to build and fetch what is missing.
    pub(crate) fn prepare() -> Self {
        if let Some(why) = needs::missing() {
            return Self(Prepared::Skipped(why));
        }
        let prepared = || {
            if kit::there()?.is_some() && images::others_there()? {
                return Ok(Prepared::Ready);
            }
            println!("      building a node beside the other steps: some minutes, once");
            Background::start(&["cluster", "tools", "--images"]).map(Prepared::Building)
        };
        Self(prepared().unwrap_or_else(Prepared::Failed))
    }

    /// Whether it builds after what the API server's step builds.
    pub(crate) fn builds(&self) -> bool {
        matches!(self.0, Prepared::Building(_))
    }

    /// One that is not to be done, for this reason.
    pub(crate) fn skipped(why: &str) -> Self {
        Self(Prepared::Skipped(why.to_owned()))
    }

    /// Why it is not done.
    pub(crate) fn why_skipped(&self) -> Option<&str> {
        if let Prepared::Skipped(why) = &self.0 { Some(why) } else { None }
    }

    /// Waits for the programs, and does what `cargo xtask cluster test` does.
    ///
    /// # Errors
    ///
    /// If something cannot be made or started. What a build or stories said that failed is in the output.
    pub(crate) fn run(self) -> Result<Output> {
        if let Some(failed) = self.0.there()? {
            return Ok(failed);
        }
        // In a process of its own, so that what it prints is shown only when it fails.
        let mut command = Command::new(std::env::current_exe()?);
        tools::capture(command.args(["cluster", "test"]).env("CARGO_TERM_COLOR", "never").env("RUST_BACKTRACE", "0"))
    }
}
