//! Prometheus and promtool, as the machine's own release has them; neither is installed.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{
    cluster::debs::{self, Bundle},
    tools,
};

/// Both.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) prometheus: PathBuf,
    pub(crate) promtool: PathBuf,
}

impl Programs {
    /// Fetches them if they are not there.
    ///
    /// # Errors
    ///
    /// If they cannot be had.
    pub(crate) fn ensure() -> Result<Self> {
        if !cfg!(target_os = "linux") {
            bail!("they are taken from packages of Debian and Ubuntu");
        }
        let root = debs::ensure(Bundle::Prometheus)?;
        Ok(Self { prometheus: debs::program(&root, "prometheus")?, promtool: debs::program(&root, "promtool")? })
    }

    /// `promtool` with these words, in this folder.
    ///
    /// # Errors
    ///
    /// With what it said, if it is not content.
    pub(crate) fn check(&self, folder: &Path, words: &[&str]) -> Result<()> {
        let mut command = std::process::Command::new(&self.promtool);
        let said = tools::capture(command.args(words).current_dir(folder))?;
        // It may be content and warn all the same.
        if !said.ok || said.text.contains("FAILED") || said.text.contains("level=warn") {
            bail!("promtool {}:\n{}", words.join(" "), said.text.trim_end());
        }
        Ok(())
    }
}
