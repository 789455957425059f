//! `outrigger-control-plane uninstall`: what the chart's last Job runs.

use anyhow::Context as _;
use outrigger_cluster::Cluster;
use outrigger_telemetry::out;

use crate::config::UninstallArgs;

pub(crate) fn uninstall(args: UninstallArgs) -> anyhow::Result<()> {
    let UninstallArgs { kubeconfig, system_namespace, secrets, within } = args;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let removed = runtime.block_on(async {
        let cluster = Cluster::connect(kubeconfig.as_deref(), system_namespace).await?;
        outrigger_cluster::uninstall(&cluster, &secrets, within).await
    })?;
    let lines: String = removed.iter().map(|what| format!("{what} deleted\n")).collect();
    out::write(if removed.is_empty() { "nothing was there\n" } else { &lines })?;
    Ok(())
}
