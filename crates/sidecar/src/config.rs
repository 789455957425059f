//! The command line: what a sidecar is told of its control plane. Everything else is policy.

mod ledger;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser};
use http::Uri;
pub(crate) use ledger::LedgerArgs;
use outrigger_otlp::{
    TraceArgs,
    address::{address, is_loopback},
};
use outrigger_proxy::config::{Settings, duration};

/// One API on localhost in front of every model and provider, with policy from a control plane.
#[derive(Debug, Parser)]
#[command(name = "outrigger-sidecar", version, about)]
pub(crate) struct Cli {
    /// Where the control plane is: https://HOST:PORT
    #[arg(long, env = "OUTRIGGER_CONTROL_PLANE", value_parser = address, value_name = "URL")]
    pub(crate) control_plane: Uri,
    /// File with the token that says which workload this is; read anew at each connect
    #[arg(long, env = "OUTRIGGER_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: PathBuf,
    /// File with the certificates (PEM) by which the control plane is known; read anew at each connect
    #[arg(long, env = "OUTRIGGER_CA_FILE", value_name = "FILE", required_unless_present = "insecure")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Speak plain HTTP to a control plane on loopback
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Folder for the last good policy, which is served at the next start before the control plane is asked. Provider keys
    /// are kept there only if it is in memory (tmpfs)
    #[arg(long, env = "OUTRIGGER_STATE", value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Answer no request under a policy that was not confirmed for so long; without it, the last one is good for ever
    #[arg(long, env = "OUTRIGGER_MAX_STALENESS", value_parser = duration, value_name = "TIME")]
    pub(crate) max_staleness: Option<Duration>,
    #[command(flatten)]
    pub(crate) bootstrap: BootstrapArgs,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
    #[command(flatten)]
    pub(crate) traces: TraceArgs,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// What a pod starts with while no control plane can be asked.
#[derive(Args, Debug)]
pub(crate) struct BootstrapArgs {
    /// Folder with the ConfigMaps outrigger-bootstrap of the pod's namespace, each in a folder 0, 1 ... below it: with nothing
    /// in --state, the view of a pod with these labels is served until the control plane answers. Without keys
    #[arg(long, env = "OUTRIGGER_BOOTSTRAP", value_name = "DIR")]
    #[arg(requires_all = ["pod_labels", "service_account", "namespace"])]
    pub(crate) bootstrap: Option<PathBuf>,
    /// Folder with keys of providers of the pod's namespace, each as the file SECRET/KEY: what such a start serves those providers
    /// with, until the control plane answers
    #[arg(long, env = "OUTRIGGER_BOOTSTRAP_SECRETS", value_name = "DIR", requires = "bootstrap")]
    pub(crate) bootstrap_secrets: Option<PathBuf>,
    /// File with the labels of the pod, as the downward API writes them
    #[arg(long, env = "OUTRIGGER_POD_LABELS", value_name = "FILE")]
    pub(crate) pod_labels: Option<PathBuf>,
    /// Service account of the pod
    #[arg(long, env = "OUTRIGGER_SERVICE_ACCOUNT", value_name = "NAME")]
    pub(crate) service_account: Option<String>,
    /// Namespace of the pod
    #[arg(long, env = "OUTRIGGER_NAMESPACE", value_name = "NAME")]
    pub(crate) namespace: Option<String>,
}

impl Cli {
    /// What the parts say together.
    ///
    /// # Errors
    ///
    /// If keys would cross a network in clear.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(ledger) = &self.ledger.ledger
            && ledger.scheme_str() != Some("https")
            && !(self.insecure && is_loopback(ledger))
        {
            return Err("--ledger is named by http://: the token would cross the network in clear; use https://, or \
                        --insecure on loopback"
                .to_owned());
        }
        match (self.control_plane.scheme_str(), self.insecure) {
            (Some("https"), _) => Ok(()),
            (_, true) if is_loopback(&self.control_plane) => Ok(()),
            (_, true) => Err("--insecure is for a control plane on loopback alone".to_owned()),
            (_, false) => {
                Err("the control plane is named by http://: provider keys would cross the network in clear; \
                               use https://, or --insecure on loopback"
                    .to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Result<(), String> {
        let words = ["outrigger-sidecar", "--token-file", "t"].into_iter().chain(line.split(' '));
        Cli::try_parse_from(words).map_err(|error| error.to_string()).and_then(|cli| cli.check())
    }

    #[test]
    fn keys_cross_no_network_in_clear() {
        assert_eq!(told("--ca-file c --control-plane https://cp:4119"), Ok(()));
        assert_eq!(told("--insecure --control-plane http://127.0.0.1:4119"), Ok(()));
        assert_eq!(told("--insecure --control-plane http://[::1]:4119"), Ok(()));
        assert!(told("--ca-file c --control-plane http://127.0.0.1:4119").unwrap_err().contains("in clear"));
        assert!(told("--insecure --control-plane http://cp:4119").unwrap_err().contains("loopback alone"));
        assert!(told("--control-plane https://cp:4119").unwrap_err().contains("--ca-file"));
        let ledger = "--ca-file c --control-plane https://cp:4119 --ledger";
        assert_eq!(told(&format!("{ledger} https://ledger:4125")), Ok(()));
        assert!(told(&format!("{ledger} http://127.0.0.1:4125")).unwrap_err().contains("in clear"));
    }

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for bad in ["cp:4119", "ftp://cp", "https://cp/path", "https://u:p@cp"] {
            assert!(told(&format!("--ca-file c --control-plane {bad}")).is_err(), "{bad}");
        }
    }
}
