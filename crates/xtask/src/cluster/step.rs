//! The stories in which pods run as one step of `cargo xtask test`.

use std::process::Command;

use anyhow::Result;

use super::{images, kit, needs};
use crate::{
    kubernetes::build::Background,
    tools::{self, Output},
};

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
    /// Starts to build and fetch what is missing.
    pub(crate) fn prepare() -> Self {
        if let Some(why) = needs::missing() {
            return Self::Skipped(why);
        }
        let prepared = || {
            if kit::there()?.is_some() && images::others_there()? {
                return Ok(Self::Ready);
            }
            println!("      building a node beside the other steps: some minutes, once");
            Background::start(&["cluster", "tools", "--images"]).map(Self::Building)
        };
        prepared().unwrap_or_else(Self::Failed)
    }

    /// Whether it builds after what the API server's step builds.
    pub(crate) fn builds(&self) -> bool {
        matches!(self, Self::Building(_))
    }

    /// Waits for the programs, and does what `cargo xtask cluster test` does.
    ///
    /// # Errors
    ///
    /// If something cannot be made or started. What a build or stories said that failed is in the output.
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
        // In a process of its own, so that what it prints is shown only when it fails.
        let mut command = Command::new(std::env::current_exe()?);
        tools::capture(command.args(["cluster", "test"]).env("CARGO_TERM_COLOR", "never").env("RUST_BACKTRACE", "0"))
    }
}
