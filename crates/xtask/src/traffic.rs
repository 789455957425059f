//! `cargo xtask traffic`: recorded exchanges with real providers, replayed. Their tests are ignored otherwise; a sample that is
//! in the repository is replayed with all other tests.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::tools::{self, Output};

/// Replays recorded exchanges: same dialect byte for byte, crossed by what they say and by the vendors' own types.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of gzipped JSON-lines files: `path`, `request`, `status`, `content_type`, `response_b64`.
    #[arg(long, env = FOLDER)]
    traffic: PathBuf,
}

const FOLDER: &str = "OUTRIGGER_TRAFFIC";

/// Whether recordings are named: then their tests are a step of `cargo xtask test`.
pub(crate) fn named() -> bool {
    env::var_os(FOLDER).is_some()
}

/// The tests that want recordings, and nothing else.
pub(crate) fn tests() -> Result<Output> {
    let words = "test --no-fail-fast -p outrigger-wire -p outrigger-tests -p xtask -- --ignored recorded";
    tools::capture(tools::cargo().args(words.split(' ')).env("CARGO_TERM_COLOR", "never"))
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let traffic = fs::canonicalize(&args.traffic)
        .with_context(|| format!("no folder of recordings: {}", args.traffic.display()))?;
    let crossed = tools::target()?.join("crossed");
    fs::create_dir_all(&crossed)?;
    let mut failed = Vec::new();
    for (what, words) in [
        ("understood", "test --quiet -p outrigger-wire --test traffic -- --ignored --nocapture"),
        ("crossed", "test --quiet -p outrigger-wire --test crossed -- --ignored --nocapture"),
        ("relayed", "test --quiet -p outrigger-tests --test it -- traffic --ignored --nocapture"),
    ] {
        println!("== {what}");
        let mut cargo = tools::cargo();
        cargo.args(words.split(' ')).env(FOLDER, &traffic).env("OUTRIGGER_CROSSED_OUT", &crossed);
        if !cargo.status()?.success() {
            failed.push(what);
        }
    }
    println!("== published types");
    let folder = tools::root().join("tests/schema");
    let bin = tools::venv("schema-venv", &folder.join("requirements.txt"))?;
    let mut check = Command::new(bin.join("python"));
    if !check.arg(folder.join("check.py")).arg(&crossed).status()?.success() {
        failed.push("published types");
    }
    if !failed.is_empty() {
        bail!("replaying failed: {}", failed.join(", "));
    }
    Ok(())
}
