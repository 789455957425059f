//! `cargo xtask traffic`: recorded exchanges with real providers, replayed.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::tools;

/// Replays recorded exchanges: same dialect byte for byte, crossed by what they say and by the vendors' own types.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of gzipped JSON-lines files: `path`, `request`, `status`, `content_type`, `response_b64`.
    #[arg(long, env = "OUTRIGGER_TRAFFIC")]
    traffic: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let traffic = fs::canonicalize(&args.traffic)
        .with_context(|| format!("no folder of recordings: {}", args.traffic.display()))?;
    let crossed = tools::target()?.join("crossed");
    fs::create_dir_all(&crossed)?;
    let mut failed = Vec::new();
    for (what, words) in [
        ("understood", "test --quiet -p outrigger-wire --test traffic -- --nocapture"),
        ("crossed", "test --quiet -p outrigger-wire --test crossed -- --nocapture"),
        ("relayed", "test --quiet -p outrigger-tests -- traffic --nocapture"),
    ] {
        println!("== {what}");
        let mut cargo = tools::cargo();
        cargo.args(words.split(' ')).env("OUTRIGGER_TRAFFIC", &traffic).env("OUTRIGGER_CROSSED_OUT", &crossed);
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
