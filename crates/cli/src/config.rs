//! The command line: what `outrigger` does, and the arguments that are its own. Settings about traffic and the process
//! are `outrigger_proxy`'s.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use outrigger_compile::{ObjectRef, SYSTEM_NAMESPACE};
use outrigger_otlp::TraceArgs;
use outrigger_proxy::config::{Settings, duration};

use crate::{plane::args::PlaneArgs, report::args::ReportArgs, usage::args::UsageArgs};

/// One API on localhost in front of every model and provider.
#[derive(Debug, Parser)]
#[command(name = "outrigger", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a sidecar on this machine
    Run(RunArgs),
    /// Check the installation in a cluster, before it is made and after; or validate a folder of policy, with every problem
    /// and its line
    #[command(after_help = CHECK)]
    Check(CheckArgs),
    /// Print the decision for a request: candidates, what removed them, scores, order of attempts
    Explain(ExplainArgs),
    /// Run a simulated provider: it answers every model, in both dialects, and fails on demand
    Simulate(SimulateArgs),
    /// Print who is connected to a control plane, and what each sidecar holds
    Fleet(FleetArgs),
    /// Show what is going on in a fleet, by workload: live requests, failovers, spend
    Top(TopArgs),
    /// Put a sidecar into the pods of a file, as the injector would; exit code 2 if one that is to have it gets none
    Inject(InjectArgs),
    /// Look at edits of policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// What requests used and cost
    Usage(Box<UsageArgs>),
    /// Write what a quarter cost as a page for management: HTML that prints, and Markdown
    Report(Box<ReportArgs>),
    /// Print a script with which a shell completes this command
    Completions(CompletionsArgs),
}

/// Settings of `outrigger run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Folder of ModelProvider, ModelRoute, ModelPolicy and Secret YAML, or one file of it. Without it, provider keys in the
    /// environment become providers; with none of those either, two simulated providers start
    #[arg(long, env = "OUTRIGGER_POLICY", value_name = "DIR")]
    pub(crate) policy: Option<PathBuf>,
    /// Namespace whose policy is served; all of them without it
    #[arg(long, env = "OUTRIGGER_NAMESPACE", value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    #[command(flatten)]
    pub(crate) traces: TraceArgs,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

const CHECK: &str = "\
Exit codes:
  0  all is well
  1  something is wrong
  2  the installation could not be looked at, or a part of it could not";

/// Arguments of `outrigger check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Folder of policy; without it, the installation in the cluster of the kubeconfig
    #[arg(value_name = "DIR", conflicts_with_all = ["kubeconfig", "context", "output"])]
    pub(crate) policy: Option<PathBuf>,
    /// Check the folder as seen from one namespace
    #[arg(long, value_name = "NAME", requires = "policy")]
    pub(crate) namespace: Option<String>,
    /// Look as the user of this kubeconfig, by way of kubectl; without it, of the one that kubectl takes by itself
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The same, of this context
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Namespace of the installation, or where it is to be
    #[arg(long, env = "OUTRIGGER_SYSTEM_NAMESPACE", default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    pub(crate) system_namespace: String,
    /// How to print what was found of an installation
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Shape,
}

/// Arguments of `outrigger explain`.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// Folder of policy; without it, the providers whose keys are in the environment
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: Option<PathBuf>,
    /// Namespace to decide for
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Decide as the sidecars of this workload would, on the policy that they have from the control plane, without keys and
    /// with neutral signals: NAMESPACE/DEPLOYMENT, or NAMESPACE/KIND/NAME
    #[arg(long, value_name = "WORKLOAD", conflicts_with_all = ["policy", "namespace"])]
    pub(crate) workload: Option<String>,
    #[command(flatten)]
    pub(crate) plane: PlaneArgs,
    /// Path the request would be sent to
    #[arg(long, default_value = "/chat/completions", value_name = "PATH")]
    pub(crate) path: String,
    /// Seed of the draw in weighted strategies; random without it
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// File with the request's JSON body; `-` for standard input
    pub(crate) request: PathBuf,
}

/// Arguments of `outrigger inject`.
#[derive(Args, Debug)]
pub(crate) struct InjectArgs {
    /// File of objects, with SidecarProfiles among them if any hold; `-` for standard input; may be given more than once
    #[arg(long, short, required = true, value_name = "FILE")]
    pub(crate) filename: Vec<PathBuf>,
    /// Namespace of objects that name none
    #[arg(long, short, default_value = "default", value_name = "NAME")]
    pub(crate) namespace: String,
    /// The sidecar's image
    #[arg(long, default_value = concat!("outrigger-sidecar:", env!("CARGO_PKG_VERSION")), value_name = "IMAGE")]
    pub(crate) image: String,
    /// Where sidecars find the control plane: https://HOST:PORT; without it, its Service in --system-namespace
    #[arg(long, value_name = "URL")]
    pub(crate) control_plane: Option<String>,
    /// Where sidecars find the ledger: https://HOST:PORT; without it, nothing is booked
    #[arg(long, value_name = "URL")]
    pub(crate) ledger: Option<String>,
    /// Namespace of the control plane
    #[arg(long, default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    pub(crate) system_namespace: String,
}

/// Arguments of `outrigger simulate`.
#[derive(Args, Debug)]
pub(crate) struct SimulateArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:4123", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// What it calls itself in its answers
    #[arg(long, default_value = "sim-a", value_name = "NAME")]
    pub(crate) name: String,
}

/// Arguments of `outrigger fleet`.
#[derive(Args, Debug)]
pub(crate) struct FleetArgs {
    #[command(flatten)]
    pub(crate) plane: PlaneArgs,
    /// Sidecars of this namespace alone
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Who has this provider key, and which version of it
    #[arg(long, value_name = "NAMESPACE/PROVIDER/NAME")]
    pub(crate) credential: Option<String>,
    /// How to print it
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Output,
    /// Exit code 1 if a sidecar is not current or has rejected something
    #[arg(long)]
    pub(crate) check: bool,
}

/// Arguments of `outrigger top`.
#[derive(Args, Debug)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) plane: PlaneArgs,
    /// Workloads of this namespace alone
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Print it once, as it is where nobody looks at a terminal
    #[arg(long)]
    pub(crate) once: bool,
    /// How often it is looked at
    #[arg(long, default_value = "2s", value_parser = duration, value_name = "TIME")]
    pub(crate) every: Duration,
    /// How to print it; JSON and YAML are printed once
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// What to do with policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print what an edit would change, and for whom, before it is applied
    #[command(after_help = WHAT_CHANGES)]
    WhatChanges(ChangesArgs),
}

const WHAT_CHANGES: &str = "\
Exit codes:
  0  nothing changes
  1  it could not be found out
  2  something changes
  3  something is opened that was closed, or broken that was not";

/// Arguments of `outrigger policy what-changes`.
#[derive(Args, Debug)]
pub(crate) struct ChangesArgs {
    /// File or folder with the objects as they would be applied; `-` for standard input; may be given more than once
    #[arg(long = "filename", short = 'f', value_name = "FILE", required_unless_present = "delete")]
    pub(crate) files: Vec<PathBuf>,
    /// Object that would be deleted; may be given more than once
    #[arg(long, value_name = "KIND/NAMESPACE/NAME", value_parser = crate::object::parse)]
    pub(crate) delete: Vec<ObjectRef>,
    /// Namespace of objects that name none
    #[arg(long, short, default_value = "default", value_name = "NAME")]
    pub(crate) namespace: String,
    /// Compare with this folder of policy; without it, with what a control plane follows
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "token_file", "ca_file", "kubeconfig", "context"])]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) plane: PlaneArgs,
    /// How to print it
    #[arg(long, short, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Shape,
}

/// Arguments of `outrigger completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    pub(crate) shell: clap_complete::Shell,
}

/// How to print a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people
    Table,
    /// All of it
    Json,
    /// The same as YAML
    Yaml,
}

/// How to print a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Columns for people
    Table,
    /// More columns
    Wide,
    /// What the control plane says
    Json,
    /// The same as YAML
    Yaml,
}

/// A variable of the environment: where provider keys and `${NAME}` in local Secrets come from.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
