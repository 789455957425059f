//! The charts as one step of `cargo xtask test`.

use anyhow::Result;

use super::{
    helm::{self, Helm},
    test,
};
use crate::tools::Output;

/// What is known of the step before it is its turn.
#[derive(Debug)]
pub(crate) enum Step {
    /// It cannot be done here, in one line.
    Skipped(String),
    Ready([Helm; 2]),
}

impl Step {
    /// Fetches what is missing.
    pub(crate) fn prepare() -> Self {
        helm::both().map_or_else(|why| Self::Skipped(helm::one_line(&why)), Self::Ready)
    }

    /// Runs the tests.
    ///
    /// # Errors
    ///
    /// If they cannot be run. What failed is in the output.
    pub(crate) fn run(self) -> Result<Output> {
        match self {
            Self::Skipped(why) => anyhow::bail!("{why}"),
            Self::Ready(helms) => test::all(helms, &test::Args::default()),
        }
    }
}
