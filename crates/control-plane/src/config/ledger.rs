//! `outrigger-control-plane ledger`.

use std::{convert::Infallible, fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::Args;
use outrigger_cluster::authority::Timing;
use outrigger_compile::SYSTEM_NAMESPACE;
use outrigger_probe::Listen;
use outrigger_telemetry::logging;
use rustls::pki_types::ServerName;

use super::words::{CLUSTER, LogFormat, delay, timing};

/// Settings of the ledger.
#[derive(Args, Debug)]
pub(crate) struct LedgerArgs {
    /// Where the books are: sqlite:FILE, on a disk of this machine, or postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, env = "OUTRIGGER_LEDGER_STORE", hide_env_values = true, value_name = "STORE")]
    pub(crate) store: Store,
    /// Outside Kubernetes: the control plane's folder of keys and certificates, whose tokens count here too
    #[arg(long, env = "OUTRIGGER_STATE", value_name = "DIR", required_unless_present_any = CLUSTER)]
    #[arg(conflicts_with_all = CLUSTER)]
    pub(crate) state: Option<PathBuf>,
    /// Take identity from the cluster that this is a pod of
    #[arg(long, env = "OUTRIGGER_KUBERNETES")]
    pub(crate) kubernetes: bool,
    /// Take it from the cluster of this kubeconfig instead
    #[arg(long, env = "OUTRIGGER_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Address for sidecars, and for people with a token
    #[arg(long, env = "OUTRIGGER_LISTEN", default_value = "127.0.0.1:4122", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address of /metrics, /readyz, /livez and, for this machine alone and without a token, of every question
    #[arg(long, env = "OUTRIGGER_ADMIN_LISTEN", default_value = "127.0.0.1:4124", value_name = "ADDR")]
    pub(crate) admin_listen: SocketAddr,
    /// Address of /metrics, /readyz and /livez for a cluster, and of no other page: *:PORT for every address. Off without it
    #[arg(long, env = "OUTRIGGER_PROBE_LISTEN", value_name = "ADDR")]
    pub(crate) probe_listen: Option<Listen>,
    /// DNS name or IP address by which sidecars reach it, beside those of this machine for itself; may be given more than
    /// once
    #[arg(long = "tls-name", value_parser = crate::tls::name, value_name = "NAME")]
    pub(crate) tls_names: Vec<ServerName<'static>>,
    /// Plain HTTP without encryption, on loopback alone
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Namespace that it runs in; outside Kubernetes, the one whose tokens may ask about every namespace
    #[arg(long, env = "OUTRIGGER_SYSTEM_NAMESPACE", default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    pub(crate) system_namespace: String,
    /// The Service by which sidecars find it, in its own namespace
    #[arg(long, default_value = "outrigger-ledger", value_name = "NAME")]
    pub(crate) service: String,
    /// Serve with the certificate of this Secret, of type kubernetes.io/tls with ca.crt beside it, such as cert-manager
    /// makes; without it the control plane's authority signs one
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_secret: Option<String>,
    /// Sidecars that may be connected at one time; others wait, or find another replica
    #[arg(long = "max-sidecars", env = "OUTRIGGER_MAX_SIDECARS", default_value_t = 20_000, value_name = "N")]
    pub(crate) most_sidecars: usize,
    /// How long a sidecar may be silent before what began there is booked as unknown; they speak every hour, and keep what they
    /// could not tell for a day
    #[arg(long, hide = true, default_value = "26h", value_parser = delay, value_name = "TIME")]
    pub(crate) silent: Duration,
    /// Threads for calls
    #[arg(long, env = "OUTRIGGER_THREADS", default_value_t = 2, value_name = "N")]
    pub(crate) threads: usize,
    /// How log lines look
    #[arg(long, env = "OUTRIGGER_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// Which log lines are written: a level, or directives such as outrigger_control_plane=debug
    #[arg(
        long,
        env = "OUTRIGGER_LOG",
        default_value = "info,kube_runtime=off,kube_client=off,sqlx=warn",
        value_name = "FILTER"
    )]
    pub(crate) log: logging::Filter,
    /// File that gets the bound addresses as JSON once it listens
    #[arg(long, env = "OUTRIGGER_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

impl LedgerArgs {
    /// Whether it is in a cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.kubernetes || self.kubeconfig.is_some()
    }

    /// How long a serving certificate lasts. It makes no authority.
    pub(crate) fn timing(&self) -> Timing {
        let Timing { life, settle, .. } = Timing::default();
        timing(life, settle)
    }
}

/// Where the books are. A password may be in it: `Debug` shows nothing, and nothing that is wrong with it is said by clap,
/// which would quote it.
#[derive(Clone)]
pub(crate) struct Store(pub(crate) String);

impl FromStr for Store {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database's password is in no error and no `Debug`.
    #[test]
    fn a_store_shows_nothing_of_itself() {
        let Ok(store) = " postgres://ann:sk-secret@db/ledger\n".parse::<Store>();
        assert_eq!(store.0, "postgres://ann:sk-secret@db/ledger");
        assert!(!format!("{store:?}").contains("sk-secret"));
    }
}
