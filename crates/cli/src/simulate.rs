//! `outrigger simulate`: one simulated provider in a process of its own, for policies that more than one sidecar follows.

use std::process::ExitCode;

use anyhow::Context as _;
use outrigger_telemetry::out;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::SimulateArgs;

/// Answers until SIGTERM or Ctrl-C.
pub(crate) fn simulate(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let SimulateArgs { listen, name } = args;
        let server = outrigger_simulate::start_on(name, *listen)
            .await
            .with_context(|| format!("cannot listen on {listen}: choose another with --listen"))?;
        out::write(&format!(
            "{name} listens on http://{0}; break it with: curl http://{0}/_sim/fail -d '{{\"status\": 503}}'\n",
            server.addr
        ))?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}
