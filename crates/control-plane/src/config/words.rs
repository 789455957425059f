//! Values as people write them, for the programs that share them.

use std::time::Duration;

use clap::ValueEnum;
use outrigger_cluster::authority::Timing;
use outrigger_telemetry::logging;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// For collectors
    Json,
}

impl From<LogFormat> for logging::Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

/// How long authorities last that live for `life`, and what they sign. A certificate ends long before what has signed it.
pub(super) fn timing(life: Duration, settle: Duration) -> Timing {
    let Timing { serving, margin, .. } = Timing::default();
    Timing { life, serving: serving.min(life / 4), settle, margin: margin.min(life / 20) }
}

/// Where what sidecars count is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricsFrom {
    /// Here, added up by workload
    ControlPlane,
    /// At each pod
    Pods,
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let interval = delay(text)?;
    let allowed = Duration::from_millis(200)..=Duration::from_secs(300);
    if allowed.contains(&interval) { Ok(interval) } else { Err("between 200ms and 5m".to_owned()) }
}

pub(super) fn delay(text: &str) -> Result<Duration, String> {
    outrigger_crd::Duration(text.to_owned()).parse().map_err(|bad| bad.to_string())
}

/// What says that it is in a cluster.
pub(super) const CLUSTER: [&str; 2] = ["kubernetes", "kubeconfig"];
