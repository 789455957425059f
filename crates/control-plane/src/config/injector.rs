//! `outrigger-control-plane injector`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use outrigger_cluster::authority::Timing;
use outrigger_compile::SYSTEM_NAMESPACE;
use outrigger_inject::Tracing;
use outrigger_probe::Listen;
use outrigger_telemetry::logging;

use super::words::{LogFormat, delay, timing};

/// Settings of the injector.
#[derive(Args, Debug)]
pub(crate) struct InjectorArgs {
    /// Take part in the cluster of this kubeconfig, instead of the one that this is a pod of
    #[arg(long, env = "OUTRIGGER_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Address for API servers
    #[arg(long, env = "OUTRIGGER_LISTEN", default_value = "127.0.0.1:9443", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address of /metrics, /readyz and /livez, for whoever reaches the pod: *:PORT for every address. Off without it
    #[arg(long, env = "OUTRIGGER_PROBE_LISTEN", value_name = "ADDR")]
    pub(crate) probe_listen: Option<Listen>,
    /// Namespace that it runs in, which has no sidecars and whose SidecarProfile `default` is everybody's
    #[arg(long, env = "OUTRIGGER_SYSTEM_NAMESPACE", default_value = SYSTEM_NAMESPACE, value_name = "NAME")]
    pub(crate) system_namespace: String,
    /// The Service by which API servers find it, in its own namespace
    #[arg(long, default_value = "outrigger-injector", value_name = "NAME")]
    pub(crate) service: String,
    /// The MutatingWebhookConfiguration whose caBundle is kept
    #[arg(long, default_value = "outrigger-injector", value_name = "NAME")]
    pub(crate) webhook_configuration: String,
    /// Serve with the certificate of this Secret, of type kubernetes.io/tls with ca.crt beside it, such as cert-manager
    /// makes; without it the replicas have an authority of their own
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_secret: Option<String>,
    /// The sidecar's image
    #[arg(long, env = "OUTRIGGER_SIDECAR_IMAGE", value_name = "IMAGE")]
    pub(crate) image: String,
    /// When nodes fetch it: Always, IfNotPresent or Never; without it, what the cluster does by itself
    #[arg(long, value_name = "POLICY", value_parser = ["Always", "IfNotPresent", "Never"])]
    pub(crate) image_pull_policy: Option<String>,
    /// Where sidecars find the control plane: https://HOST:PORT; without it, the Service outrigger-control-plane of the
    /// namespace that it runs in
    #[arg(long, value_name = "URL")]
    pub(crate) control_plane: Option<String>,
    /// Where sidecars find the ledger: https://HOST:PORT; without it, nothing is booked
    #[arg(long, value_name = "URL")]
    pub(crate) ledger: Option<String>,
    /// Where sidecars send traces, OTLP over gRPC: http://HOST:4317; without it, nothing is traced
    #[arg(long, value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Which requests sidecars trace, decided at their head; without it, parentbased_always_on
    #[arg(long, value_name = "WORD", requires = "otlp_endpoint", value_parser = [
        "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off",
        "parentbased_traceidratio",
    ])]
    pub(crate) traces_sampler: Option<String>,
    /// The ratio of those of traceidratio: 0 to 1; without it, all
    #[arg(long, value_name = "RATIO", requires = "otlp_endpoint", value_parser = ratio)]
    pub(crate) traces_sampler_arg: Option<String>,
    /// Secret of each pod's namespace, and its entry, with headers for the collector as OTEL_EXPORTER_OTLP_HEADERS has them:
    /// NAME=VALUE,...; pods of a namespace without it send none
    #[arg(long, value_name = "SECRET/KEY", requires = "otlp_endpoint", value_parser = entry)]
    pub(crate) otlp_headers_secret: Option<(String, String)>,
    /// Sidecars send the decision log there too, where a SidecarProfile asks for one, and not to standard output
    #[arg(long, requires = "otlp_endpoint")]
    pub(crate) otlp_decisions: bool,
    /// Sidecars count requests by the names of OpenTelemetry's conventions for generative AI too
    #[arg(long)]
    pub(crate) genai_metrics: bool,
    /// How log lines look
    #[arg(long, env = "OUTRIGGER_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// Which log lines are written: a level, or directives such as outrigger_control_plane=debug
    #[arg(long, env = "OUTRIGGER_LOG", default_value = "info,kube_runtime=off,kube_client=off", value_name = "FILTER")]
    pub(crate) log: logging::Filter,
    /// File that gets the bound addresses as JSON once it listens
    #[arg(long, env = "OUTRIGGER_READY_FILE", value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// DNS name or IP address by which API servers reach it, beside those of its Service; may be given more than once
    #[arg(long = "tls-name", value_parser = crate::tls::name, value_name = "NAME")]
    pub(crate) tls_names: Vec<rustls::pki_types::ServerName<'static>>,
    /// How long an authority lasts
    #[arg(long, hide = true, default_value = "8760h", value_parser = delay, value_name = "TIME")]
    pub(crate) ca_life: Duration,
    /// How long a new authority is in the configuration before it signs
    #[arg(long, hide = true, default_value = "1m", value_parser = delay, value_name = "TIME")]
    pub(crate) ca_settle: Duration,
}

impl InjectorArgs {
    /// How long authorities and certificates last.
    pub(crate) fn timing(&self) -> Timing {
        timing(self.ca_life, self.ca_settle)
    }

    /// What is the same for every pod.
    pub(crate) fn settings(&self) -> outrigger_inject::Settings {
        let namespace = &self.system_namespace;
        let control_plane = self.control_plane.clone();
        let control_plane =
            control_plane.unwrap_or_else(|| format!("https://outrigger-control-plane.{namespace}.svc:4119"));
        outrigger_inject::Settings {
            image: self.image.clone(),
            pull_policy: self.image_pull_policy.clone(),
            control_plane,
            ledger: self.ledger.clone(),
            tracing: self.otlp_endpoint.clone().map(|endpoint| Tracing {
                endpoint,
                sampler: self.traces_sampler.clone(),
                ratio: self.traces_sampler_arg.clone(),
                headers: self.otlp_headers_secret.clone(),
                decisions: self.otlp_decisions,
            }),
            genai_metrics: self.genai_metrics,
            system_namespace: namespace.clone(),
        }
    }
}

fn ratio(text: &str) -> Result<String, String> {
    let good = text.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio));
    if good { Ok(text.to_owned()) } else { Err("it is no ratio from 0 to 1".to_owned()) }
}

fn entry(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('/').filter(|(name, key)| !name.is_empty() && !key.is_empty() && !key.contains('/'));
    let (name, key) = parts.ok_or("write it as SECRET/KEY")?;
    Ok((name.to_owned(), key.to_owned()))
}
