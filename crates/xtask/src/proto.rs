//! `cargo xtask proto`: `buf` on what the planes say to each other.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::tools::{self, Output};

const FOLDER: &str = "proto";
/// What was released last, below the folder. Its README says when it is renewed.
const RELEASED: &str = "released/policy-v1.binpb";

/// Checks the protocols: their style, and that what was released last is still understood.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Take what is there as what is released now.
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.release {
        // Comments are no part of what is held against.
        tools::succeed(&mut buf(&["build", "--exclude-source-info", "--output", RELEASED])?)?;
        println!("wrote {FOLDER}/{RELEASED}");
    }
    let Output { text, ok } = check()?;
    print!("{text}");
    if !ok {
        bail!("the protocols are not as they have to be");
    }
    Ok(())
}

/// `buf lint`, then `buf breaking`.
pub(crate) fn check() -> Result<Output> {
    let lint = tools::capture(&mut buf(&["lint"])?)?;
    if !lint.ok {
        return Ok(lint);
    }
    tools::capture(&mut buf(&["breaking", "--against", RELEASED])?)
}

/// A command of `buf` in the folder of the protocols, with everything installed that it needs.
fn buf(words: &[&str]) -> Result<Command> {
    let folder: PathBuf = tools::root().join(FOLDER);
    let bin = tools::venv("buf-venv", &folder.join("requirements.txt"))?;
    let mut command = Command::new(bin.join("buf"));
    command.current_dir(folder).args(words);
    Ok(command)
}
