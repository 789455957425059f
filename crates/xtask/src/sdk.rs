//! `cargo xtask sdk`: official SDKs through the sidecar, with providers behind that are not ours.

mod install;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::tools;
use install::FOLDER;

const PYTHON: [&str; 5] = ["openai-python", "anthropic-python", "langchain", "pydantic-ai", "openrouter-python"];
const NODE: [&str; 4] = ["openai-node", "anthropic-node", "ai", "openrouter-node"];
/// Not a family but a second provider behind; its checks use the environment of LangChain, which has both SDKs.
const VIDAIMOCK: &str = "vidaimock";

/// Runs official SDKs, each against both dialects behind, and what vidaimock answers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this one, by the name of its folder in tests/sdk.
    family: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let lanes = match args.family.as_deref() {
        None => vec![command(None)?, vidaimock()?],
        Some(VIDAIMOCK) => vec![vidaimock()?],
        Some(family) => vec![command(Some(family))?],
    };
    let mut failed = 0;
    for mut lane in lanes {
        failed += usize::from(!lane.stdin(Stdio::null()).status()?.success());
    }
    if failed > 0 {
        bail!("{failed} SDK lane(s) failed");
    }
    Ok(())
}

/// The families, or one of them, as a command, with everything installed that it needs.
pub(crate) fn command(family: Option<&str>) -> Result<Command> {
    let all: Vec<&str> = PYTHON.into_iter().chain(NODE).collect();
    let chosen = match family {
        None => all,
        Some(name) if all.contains(&name) => vec![name],
        Some(name) => bail!("no family `{name}`; there are {}, {VIDAIMOCK}", all.join(", ")),
    };
    let node = install::node()?;
    install::packages(&node, "aimock")?;
    for family in &chosen {
        if PYTHON.contains(family) {
            install::python(family)?;
        } else {
            install::packages(&node, family)?;
        }
    }
    let mut command = lane()?;
    command.arg("--node").arg(&node.program).args(chosen);
    Ok(command)
}

/// The checks of vidaimock as a command, with everything installed that it needs.
pub(crate) fn vidaimock() -> Result<Command> {
    install::python("langchain")?;
    let vidaimock = install::vidaimock()?;
    let mut command = lane()?;
    command.arg("--vidaimock").arg(vidaimock).arg(VIDAIMOCK);
    Ok(command)
}

/// Node as the Python index has it, a file for this platform.
pub(crate) fn node_wheel() -> Result<PathBuf> {
    Ok(install::wheel()?.program)
}

/// Node with the packages that a folder's lock names, which are installed in another.
pub(crate) fn node_with(folder: &Path, place: &Path) -> Result<PathBuf> {
    let node = install::node()?;
    install::locked(&node, folder, place)?;
    Ok(node.program)
}

/// The packages of a family, installed.
pub(crate) fn node_modules(family: &str) -> Result<PathBuf> {
    install::packages(&install::node()?, family)?;
    Ok(tools::target()?.join("tools").join(format!("sdk-{family}")).join("node_modules"))
}

fn lane() -> Result<Command> {
    let (target, binary) = (tools::target()?, tools::program("outrigger")?);
    let mut command = Command::new("python3");
    command.arg("-u").arg(tools::root().join(FOLDER).join("run.py")).arg("--outrigger").arg(binary);
    command.arg("--tools").arg(target.join("tools"));
    Ok(command)
}
