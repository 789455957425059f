//! What is the same for many pods.

use outrigger_crd::SidecarProfileSpec;

/// What is the same for every pod of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The sidecar's image.
    pub image: String,
    /// `Always`, `IfNotPresent` or `Never`; `None`: what the cluster does by itself.
    pub pull_policy: Option<String>,
    /// Where sidecars find the control plane: `https://outrigger-control-plane.outrigger-system.svc:4119`.
    pub control_plane: String,
    /// Where they find the ledger; `None`: there is none, and nothing is booked.
    pub ledger: Option<String>,
    /// Where they send traces; `None`: nothing is traced.
    pub tracing: Option<Tracing>,
    /// Sidecars count by the names of OpenTelemetry's conventions too.
    pub genai_metrics: bool,
    /// The control plane's own namespace, which has no sidecars and whose `default` profile is everybody's.
    pub system_namespace: String,
}

/// A collector of traces, in words of OpenTelemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracing {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: `http://otel-collector.observability.svc:4317`.
    pub endpoint: String,
    /// `OTEL_TRACES_SAMPLER`; `None`: the sidecar's default.
    pub sampler: Option<String>,
    /// `OTEL_TRACES_SAMPLER_ARG`, likewise.
    pub ratio: Option<String>,
    /// Name and entry of a Secret of each pod's namespace with `OTEL_EXPORTER_OTLP_HEADERS`. A pod starts where there is none.
    pub headers: Option<(String, String)>,
    /// The decision log goes there too, where a profile asks for one.
    pub decisions: bool,
}

/// Profiles by namespace and name.
pub type Profiles<'a> = &'a dyn Fn(&str, &str) -> Option<SidecarProfileSpec>;
