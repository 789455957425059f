//! What a step of `cargo xtask test` needs, and how far that is, before it is the step's turn.

use anyhow::Result;

use super::build::Background;
use crate::tools::Output;

/// What is known of it.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// It cannot be done here, in one line.
    Skipped(String),
    /// The programs are there.
    Ready,
    /// They are built beside other steps.
    Building(Background),
    /// The build did not start.
    Failed(anyhow::Error),
}

impl Prepared {
    /// Waits for the programs; what the build said, if it failed.
    ///
    /// # Errors
    ///
    /// If there are none and will be none.
    pub(crate) fn there(self) -> Result<Option<Output>> {
        match self {
            Self::Skipped(why) => anyhow::bail!("{why}"),
            Self::Failed(error) => Err(error),
            Self::Ready => Ok(None),
            Self::Building(background) => Ok(Some(background.join()?).filter(|built| !built.ok)),
        }
    }
}
