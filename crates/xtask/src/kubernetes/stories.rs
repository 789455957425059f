//! `cargo xtask kubernetes test`: the stories that need an API server, `tests/cluster`.

use std::{env, path::Path, process::Command};

use anyhow::{Result, bail};

use super::{build, up::Running};
use crate::{charts::helm, tools};

/// The folder of a cluster that runs already.
const GIVEN: &str = "OUTRIGGER_TEST_CLUSTER";

/// Helm 3 and Helm 4, for the stories of the charts.
const HELM: &str = "OUTRIGGER_TEST_HELM";
/// Where those stories are.
const CHART_STORIES: &str = "chart::";

/// Runs the stories that need an API server, on the one that `OUTRIGGER_TEST_CLUSTER` names or on one of their own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Words for the runner of the stories: part of a name, `--nocapture`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if !tools::build_programs().status()?.success() {
        bail!("the build failed; what cargo said is above");
    }
    let own = if env::var_os(GIVEN).is_none() { Some(Running::start(&build::ensure()?)?) } else { None };
    let status = command(own.as_ref().map(Running::folder)).args(&args.words).status()?;
    if !status.success() {
        bail!("stories failed; what they said is above");
    }
    Ok(())
}

/// The stories as a command, on the cluster in this folder or on the one that the environment names.
pub(super) fn command(cluster: Option<&Path>) -> Command {
    let mut command = tools::cargo();
    command.args(["test", "--workspace", "--test", "cluster", "--", "--include-ignored"]);
    command.envs(cluster.map(|folder| (GIVEN, folder)));
    match helm::both() {
        Ok(helms) => {
            let programs: Vec<_> = helms.iter().map(|helm| helm.program.display().to_string()).collect();
            command.env(HELM, programs.join(":"));
        }
        Err(why) => {
            // Not run is not passed: they stay among the ignored ones.
            println!("skip  stories of the charts: {}", helm::one_line(&why));
            command.args(["--skip", CHART_STORIES]);
        }
    }
    command
}
