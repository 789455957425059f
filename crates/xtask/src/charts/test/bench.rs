//! Helm, ready to render.

use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::args::Args;
use crate::charts::{
    chart::{Chart, all},
    helm::Helm,
};

/// The namespace of every release here: none that a template would come by on its own.
pub(super) const NAMESPACE: &str = "llm";

pub(super) struct Bench {
    pub(super) helms: [Helm; 2],
    pub(super) charts: [Chart; 2],
    pub(super) random: usize,
    pub(super) seed: u64,
    home: TempDir,
}

impl Bench {
    pub(super) fn new(helms: [Helm; 2], args: &Args) -> Result<Self> {
        let home = tempfile::tempdir()?;
        Ok(Self { helms, charts: all(), random: args.random, seed: args.seed, home })
    }

    /// A Helm with these words, in the root of the repository; what it said, as an error, if it failed.
    pub(super) fn helm(&self, helm: &Helm, words: &[&str]) -> Result<String> {
        run(helm.command(self.home.path()).args(words))
    }

    /// `helm template` of the chart `outrigger`, with more words.
    pub(super) fn text(&self, words: &[&str]) -> Result<String> {
        self.helm(&self.helms[0], &[&["template", "o", "charts/outrigger", "--namespace", NAMESPACE], words].concat())
    }

    /// The same, as objects.
    pub(super) fn objects(&self, words: &[&str]) -> Result<Vec<Json>> {
        objects(&self.text(words)?)
    }

    /// A folder for files.
    pub(super) fn home(&self) -> &std::path::Path {
        self.home.path()
    }
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(std::process::Stdio::null()).output().context("Helm does not start")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).context("Helm prints text")
}

/// The documents of a manifest.
pub(super) fn objects(text: &str) -> Result<Vec<Json>> {
    serde_saphyr::from_multiple(text).map_err(|error| anyhow!("{error}"))
}

/// The words of an error that there has to be.
pub(super) fn refusal<T>(what: &str, result: Result<T>) -> Result<String> {
    match result {
        Ok(_) => bail!("{what}: was not refused"),
        Err(why) => Ok(format!("{why:#}")),
    }
}

/// The object of this kind and name.
pub(super) fn find<'a>(objects: &'a [Json], kind: &str, name: &str) -> Option<&'a Json> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

/// The same, where it has to be there.
pub(super) fn get<'a>(objects: &'a [Json], kind: &str, name: &str) -> Result<&'a Json> {
    find(objects, kind, name).with_context(|| format!("there is no {kind} {name}"))
}
