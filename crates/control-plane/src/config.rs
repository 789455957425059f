//! The command line.

mod injector;
mod ledger;
mod words;

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use injector::InjectorArgs;
pub(crate) use ledger::LedgerArgs;
use outrigger_cluster::authority::Timing;
use outrigger_compile::SYSTEM_NAMESPACE;
use outrigger_probe::Listen;
use outrigger_telemetry::logging;
use rustls::pki_types::ServerName;
pub(crate) use words::MetricsFrom;
use words::{CLUSTER, LogFormat, delay, interval, timing};

use crate::lifetime::lifetime;

/// Gives sidecars their policy, from the objects of a cluster or of a folder.
#[derive(Debug, Parser)]
#[command(name = "outrigger-control-plane", version, about)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Settings of the server: what runs unless another word follows.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    /// Address for sidecars
    #[arg(long, env = "OUTRIGGER_LISTEN", default_value = "127.0.0.1:4119", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address of /metrics, /readyz, /livez and, for this machine alone, /fleet, /views and /policy/changes
    #[arg(long, env = "OUTRIGGER_ADMIN_LISTEN", default_value = "127.0.0.1:4120", value_name = "ADDR")]
    pub(crate) admin_listen: SocketAddr,
    /// Address of /metrics, /readyz and /livez for a cluster, and of no other page: 127.0.0.1:4121, or *:4121 for every
    /// address
    #[arg(long, env = "OUTRIGGER_PROBE_LISTEN", value_name = "ADDR")]
    pub(crate) probe_listen: Option<Listen>,
    /// Address of the webhook that says what an edit of policy means, in a cluster; without it there is none. It never refuses
    /// an edit
    #[arg(long, env = "OUTRIGGER_WEBHOOK_LISTEN", value_name = "ADDR")]
    pub(crate) webhook_listen: Option<SocketAddr>,
    /// DNS name or IP address by which sidecars reach it, beside those of this machine for itself; may be given more than
    /// once
    #[arg(long = "tls-name", value_parser = crate::tls::name, value_name = "NAME")]
    pub(crate) tls_names: Vec<ServerName<'static>>,
    /// Plain HTTP without encryption, on loopback alone
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Namespace whose ModelPolicies may hold for other namespaces; in a cluster, the one that it runs in
    #[arg(long, env = "OUTRIGGER_SYSTEM_NAMESPACE", default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    pub(crate) system_namespace: String,
    /// Sidecars that may be connected at one time; others wait, or find another replica
    #[arg(long = "max-sidecars", env = "OUTRIGGER_MAX_SIDECARS", default_value_t = 20_000, value_name = "N")]
    pub(crate) most_sidecars: usize,
    /// Where what sidecars count is read: here, as outrigger_fleet_..., added up by workload, or at each pod
    #[arg(long, env = "OUTRIGGER_METRICS_FROM", default_value = "control-plane", value_name = "WHERE")]
    pub(crate) metrics_from: MetricsFrom,
    /// How often each sidecar that is connected is asked what it has counted
    #[arg(long, env = "OUTRIGGER_SCRAPE_INTERVAL", default_value = "15s", value_parser = interval, value_name = "TIME")]
    pub(crate) scrape_interval: Duration,
    /// Series of sidecars that are added up; others are dropped, and counted
    #[arg(long, env = "OUTRIGGER_FLEET_SERIES", default_value_t = 100_000, value_name = "N")]
    pub(crate) fleet_series: usize,
    /// Threads for streams
    #[arg(long, env = "OUTRIGGER_THREADS", default_value_t = 2, value_name = "N")]
    pub(crate) threads: usize,
    /// How log lines look
    #[arg(long, env = "OUTRIGGER_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// Which log lines are written: a level, or directives such as outrigger_control_plane=debug
    #[arg(long, env = "OUTRIGGER_LOG", default_value = "info,kube_runtime=off,kube_client=off", value_name = "FILTER")]
    pub(crate) log: logging::Filter,
    /// File that gets the bound addresses as JSON once it listens
    #[arg(long, env = "OUTRIGGER_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// How much longer checking a token takes: for measuring with a slow authority
    #[arg(long, hide = true, default_value = "0s", value_parser = delay, value_name = "TIME")]
    pub(crate) check_delay: Duration,
}

/// Outside Kubernetes: where policy and identity come from.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct FolderArgs {
    /// Folder of ModelProvider, ModelRoute, ModelPolicy, Secret, ConfigMap and Namespace YAML, or one file of it
    #[arg(long, env = "OUTRIGGER_POLICY", value_name = "DIR", required_unless_present_any = CLUSTER)]
    #[arg(conflicts_with_all = CLUSTER)]
    pub(crate) policy: Option<PathBuf>,
    /// Folder of keys and certificates; made if it is not there. Whoever can read it can be any workload
    #[arg(long, env = "OUTRIGGER_STATE", value_name = "DIR", required_unless_present_any = CLUSTER)]
    #[arg(conflicts_with_all = CLUSTER)]
    pub(crate) state: Option<PathBuf>,
}

/// In Kubernetes: the API server that policy and identity come from.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct ClusterArgs {
    /// Take policy and identity from the cluster that this is a pod of
    #[arg(long, env = "OUTRIGGER_KUBERNETES")]
    pub(crate) kubernetes: bool,
    /// Take them from the cluster of this kubeconfig instead
    #[arg(long, env = "OUTRIGGER_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Namespace whose objects are followed, beside its own; may be given more than once; without it all are
    #[arg(long = "watch-namespace", value_name = "NAME")]
    pub(crate) watch_namespaces: Vec<String>,
    /// The Service by which sidecars and other replicas find it, in its own namespace; the name of its port is grpc
    #[arg(long, default_value = "outrigger-control-plane", value_name = "NAME")]
    pub(crate) service: String,
    /// Address of another replica, where the Service does not tell; may be given more than once
    #[arg(long = "peer", value_name = "ADDR")]
    pub(crate) peers: Vec<SocketAddr>,
    /// Serve with the certificate of this Secret, of type kubernetes.io/tls with ca.crt beside it, such as cert-manager
    /// makes; without it the replicas have an authority of their own
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_secret: Option<String>,
    /// The ValidatingWebhookConfiguration of the webhook, whose caBundle is kept
    #[arg(long, default_value = "outrigger-policy", value_name = "NAME")]
    pub(crate) webhook_configuration: String,
    /// Label of a pod, or else of its namespace, that names the team that is charged
    #[arg(long, default_value = "team", value_name = "KEY")]
    pub(crate) team_label: String,
    /// How long after a start sidecars are still coming, and what they hold is not summed up
    #[arg(long, hide = true, default_value = "30s", value_parser = delay, value_name = "TIME")]
    pub(crate) settle: Duration,
    /// How long an authority lasts
    #[arg(long, hide = true, default_value = "8760h", value_parser = delay, value_name = "TIME")]
    pub(crate) ca_life: Duration,
    /// How long a new authority is in every bundle before it signs
    #[arg(long, hide = true, default_value = "10m", value_parser = delay, value_name = "TIME")]
    pub(crate) ca_settle: Duration,
    /// How long a Secret that may not be read is left alone before another try
    #[arg(long, hide = true, default_value = "5m", value_parser = delay, value_name = "TIME")]
    pub(crate) secret_retry: Duration,
}

impl ClusterArgs {
    /// Whether it is in a cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.kubernetes || self.kubeconfig.is_some()
    }

    /// The namespaces whose objects are followed; `None`: all.
    pub(crate) fn only(&self) -> Option<BTreeSet<String>> {
        (!self.watch_namespaces.is_empty()).then(|| self.watch_namespaces.iter().cloned().collect())
    }

    /// How long authorities and certificates last.
    pub(crate) fn timing(&self) -> Timing {
        timing(self.ca_life, self.ca_settle)
    }
}

/// A variable of the environment: where `${NAME}` in the folder's Secrets comes from.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Issue a token that tells the control plane which workload a sidecar belongs to
    Token(Box<TokenArgs>),
    /// Print the certificate by which sidecars know this control plane; made if there is none
    Ca(StateArgs),
    /// Put sidecars into pods, asked by the API server
    Injector(Box<InjectorArgs>),
    /// Book what requests used and cost, as sidecars tell it, and answer who asks
    Ledger(Box<LedgerArgs>),
    /// Remove from a cluster what was made at run time: authorities, leases, the ConfigMaps beside sidecars
    Uninstall(UninstallArgs),
    /// Ask pages of ours until each has answered with 200
    Check(CheckArgs),
    /// Write what pods of a namespace start with while no control plane can be asked, of a folder of policy
    #[command(hide = true)]
    Bootstrap(BootstrapArgs),
    /// Print the metrics of one of its programs as a Markdown table
    #[command(hide = true)]
    Metrics {
        /// Whose
        of: Program,
    },
}

/// The programs that this binary is, each with metrics of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    /// Without a word: what it counts itself, and what it adds up of its sidecars
    ControlPlane,
    /// `injector`
    Injector,
    /// `ledger`
    Ledger,
}

/// Arguments of `outrigger-control-plane bootstrap`.
#[derive(Args, Debug)]
pub(crate) struct BootstrapArgs {
    /// Folder of policy
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: PathBuf,
    /// The namespace
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: String,
    /// Label of a pod that is known; may be given more than once
    #[arg(long = "label", value_parser = label, value_name = "KEY=VALUE")]
    pub(crate) labels: Vec<(String, String)>,
    /// Folder to write into
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Arguments of `outrigger-control-plane token`: it issues, unless another word follows.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) then: Option<TokenCommand>,
    #[command(flatten)]
    pub(crate) issue: Option<IssueArgs>,
}

/// What else to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Have a token count no more, at once
    Revoke(RevokeArgs),
    /// Have a new key sign from now on; tokens of the old one count until they expire
    RotateKey(RotateArgs),
    /// Print the keys whose tokens count
    ListKeys(StateArgs),
}

/// Where everything is.
#[derive(Args, Debug)]
pub(crate) struct StateArgs {
    /// Folder of keys and certificates; made if it is not there. Whoever can read it can be any workload
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
}

/// Arguments of a new token.
#[derive(Args, Debug)]
pub(crate) struct IssueArgs {
    // Not `StateArgs`: clap does not see that these arguments were given once they hold a group of their own.
    /// Folder of keys and certificates; made if it is not there. Whoever can read it can be any workload
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// Namespace of the workload
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: String,
    /// Service account of the workload
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub(crate) service_account: String,
    /// Label of the workload; may be given more than once
    #[arg(long = "label", value_parser = label, value_name = "KEY=VALUE")]
    pub(crate) labels: Vec<(String, String)>,
    /// Team that is charged
    #[arg(long, value_name = "NAME")]
    pub(crate) team: Option<String>,
    /// How long the token counts: at most 90d
    #[arg(long, default_value = "30d", value_parser = lifetime, value_name = "TIME")]
    pub(crate) lifetime: Duration,
    /// File for the token, which only its owner can read; standard output without it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `token revoke`.
#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Name of the token (jti), as printed when it was issued
    #[arg(value_name = "ID", required_unless_present = "token_file", conflicts_with = "token_file")]
    pub(crate) id: Option<String>,
    /// File with the token itself; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Arguments of `token rotate-key`.
#[derive(Args, Debug)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// End every token that was ever issued, at once
    #[arg(long)]
    pub(crate) revoke_old: bool,
}

/// Arguments of `uninstall`.
#[derive(Args, Debug)]
pub(crate) struct UninstallArgs {
    /// The cluster of this kubeconfig; without it the one that this is a pod of
    #[arg(long, env = "OUTRIGGER_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Namespace that the control plane ran in
    #[arg(long, env = "OUTRIGGER_SYSTEM_NAMESPACE", default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    pub(crate) system_namespace: String,
    /// Another Secret of that namespace; may be given more than once
    #[arg(long = "secret", value_name = "NAME")]
    pub(crate) secrets: Vec<String>,
    /// How long it may take
    #[arg(long, default_value = "120s", value_parser = delay, value_name = "TIME")]
    pub(crate) within: Duration,
}

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Pages, such as http://outrigger-control-plane:4121/readyz
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// How long it may take
    #[arg(long, default_value = "60s", value_parser = delay, value_name = "TIME")]
    pub(crate) within: Duration,
}

/// `key=value`; what is in them is checked with the rest of the workload.
fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Cli::try_parse_from(["outrigger-control-plane"].into_iter().chain(line.split(' ')))
            .map(|cli| cli.command.unwrap())
    }

    fn token(line: &str) -> TokenArgs {
        match parse(line) {
            Ok(Command::Token(args)) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn token_issues() {
        let args = token("token --state s --namespace prod --label a=b --label c= --lifetime 12h");
        let (None, Some(args)) = (args.then, args.issue) else { panic!() };
        assert_eq!((args.namespace.as_str(), args.service_account.as_str()), ("prod", "default"));
        assert_eq!(args.labels, [("a".to_owned(), "b".to_owned()), ("c".to_owned(), String::new())]);
        assert_eq!(args.lifetime, Duration::from_secs(12 * 3600));
    }

    #[test]
    fn token_and_a_word_does_something_else() {
        let then = |line| token(line).then.unwrap();
        assert!(
            matches!(then("token revoke --state s 0f"), TokenCommand::Revoke(args) if args.id.as_deref() == Some("0f"))
        );
        assert!(
            matches!(then("token revoke --state s --token-file -"), TokenCommand::Revoke(args) if args.id.is_none())
        );
        assert!(
            matches!(then("token rotate-key --state s --revoke-old"), TokenCommand::RotateKey(args) if args.revoke_old)
        );
        assert!(matches!(then("token list-keys --state s"), TokenCommand::ListKeys(_)));
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        for line in [
            "token",
            "token --state s",
            "token --namespace n",
            "token --state s --namespace n --label a",
            "token --state s --namespace n --lifetime soon",
            "token --state s --namespace n list-keys",
            "token revoke --state s",
            "token revoke --state s 0f --token-file f",
            "token list-keys",
            "ca",
            "check",
            "uninstall --within soon",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
