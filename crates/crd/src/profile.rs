//! `SidecarProfile`: how injected sidecars run.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Duration, schema};

/// How the sidecars of a namespace run, or those of the whole cluster. The one called `default` in the control plane's
/// namespace is for all, the one called `default` in a pod's own namespace comes over it, and the one that a pod names by
/// the annotation `outrigger.dev/profile` over both: field by field. It holds for pods that are created from then on.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "outrigger.dev",
    version = "v1alpha1",
    kind = "SidecarProfile",
    plural = "sidecarprofiles",
    shortname = "sidecar",
    category = "outrigger",
    namespaced,
    derive = "PartialEq",
    doc = "How injected sidecars run: resources, ports, drain, logs.",
    printcolumn = r#"{"name":"Memory","type":"string","jsonPath":".spec.resources.limits.memory",
        "description":"What a sidecar may use at most."}"#,
    printcolumn = r#"{"name":"Port","type":"integer","jsonPath":".spec.ports.listen",
        "description":"Where applications find it on localhost."}"#,
    printcolumn = r#"{"name":"Drain","type":"string","jsonPath":".spec.drain",
        "description":"How long requests in flight may go on at the end of a pod."}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Log","type":"string","jsonPath":".spec.log.filter","priority":1,
        "description":"Which log lines are written."}"#
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SidecarProfileSpec {
    /// What the container asks for and may use. Default: 20m of CPU and 32Mi of memory, at most 160Mi of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The ports that it takes in each pod. A pod that has one of them already gets no sidecar. Default: 4117, 4118
    /// and 4121.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Ports>,
    /// How long requests in flight may go on at the end of a pod. It ends five seconds before the pod's
    /// `terminationGracePeriodSeconds` in any case, which is never changed. Default: until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Duration>,
    /// Its log lines. Default: `info`, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// What it takes of requests. Default: as each field says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Requests>,
    /// It answers no request under a policy that the control plane has not confirmed for so long. Default: the last
    /// policy is good for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_staleness: Option<Duration>,
    /// What it has of keys when a pod starts while no control plane can be asked: `None`, providers that need one answer
    /// `credentials_pending` until one can, or `Mount`: of the `Secret`s of the pod's own namespace, those keys that its policy
    /// uses, at most 32, are mounted into the sidecar and into no other container. Whoever may execute commands in the
    /// sidecar's container can read them. The chart has to permit it: `injector.bootstrapSecrets`. Default: `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_secrets: Option<BootstrapSecrets>,
    /// Variables of the application's containers. Default: as each field says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Variables>,
    /// The proxy by which providers are reached. Plain `http` endpoints are not: whoever writes profiles must not read keys.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
}

/// What the container asks for and may use.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("!has(self.requests) || !has(self.limits) || !has(self.requests.cpu) || !has(self.limits.cpu) \
         || quantity(self.requests.cpu).compareTo(quantity(self.limits.cpu)) <= 0")
        .message("requests.cpu is more than limits.cpu: no pod could start")
        .field_path(".requests"),
    validation = Rule::new("!has(self.requests) || !has(self.limits) || !has(self.requests.memory) \
         || !has(self.limits.memory) || quantity(self.requests.memory).compareTo(quantity(self.limits.memory)) <= 0")
        .message("requests.memory is more than limits.memory: no pod could start")
        .field_path(".requests"),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Resources {
    /// What is set aside for it. Default: 20m of CPU and 32Mi of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Amounts>,
    /// The most that it may use. Default: no limit of CPU, 160Mi of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Amounts>,
}

/// An amount of each resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Amounts {
    /// Of CPU, such as `20m`. Default: as what holds it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), regex(pattern = schema::QUANTITY))]
    pub cpu: Option<String>,
    /// Of memory, such as `32Mi`; policy and keys that are kept count too. Default: as what holds it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), regex(pattern = schema::QUANTITY))]
    pub memory: Option<String>,
}

/// The ports that it takes in each pod.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(
    validation = Rule::new("(has(self.listen) ? self.listen : 4117) != (has(self.admin) ? self.admin : 4118) \
         && (has(self.listen) ? self.listen : 4117) != (has(self.probe) ? self.probe : 4121) \
         && (has(self.admin) ? self.admin : 4118) != (has(self.probe) ? self.probe : 4121)")
        .message("listen, admin and probe must be three different ports; without a value they are 4117, 4118 and 4121"),
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Ports {
    /// Where applications find it, on localhost. Default: 4117.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 65535))]
    pub listen: Option<u16>,
    /// Its own pages, on localhost. Default: 4118.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 65535))]
    pub admin: Option<u16>,
    /// `/metrics`, `/readyz` and `/livez` for the cluster, on the pod's address. Default: 4121.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 65535))]
    pub probe: Option<u16>,
}

/// Its log lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Log {
    /// Which are written: a level, or directives such as `info,outrigger_proxy=debug`. Default: `info`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[A-Za-z0-9_:=,]+$"))]
    pub filter: Option<String>,
    /// How they look: `Text` (for people) or `JSON` (for collectors). Default: `JSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<LogFormat>,
    /// Which decisions are written to standard output, one JSON object a line: `off`, `asked` (by the header
    /// `x-outrigger-log-decision: true`), and beside those `failures`, `all`, or a share such as `1%`. Default: `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), regex(pattern = DECISIONS))]
    pub decisions: Option<String>,
}

/// Words for which decisions are told.
const DECISIONS: &str = r"^(off|asked|failures|all|[0-9]{1,3}(\.[0-9]{1,4})?%)$";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    #[serde(rename = "JSON")]
    Json,
}

/// What it takes of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Requests {
    /// The largest body, such as `64Mi`. Default: 64Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), regex(pattern = schema::QUANTITY))]
    pub max_body: Option<String>,
    /// Memory for bodies that are held at one time, such as `64Mi`; further requests wait. It is part of the container's
    /// memory. Default: 64Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), regex(pattern = schema::QUANTITY))]
    pub buffer: Option<String>,
    /// Threads for traffic. Default: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub threads: Option<u16>,
}

/// The proxy by which providers are reached.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Proxy {
    /// It is asked for a tunnel to each provider whose address is `https`: `http://proxy.example.com:3128`, or `https://`.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    // Forbidden and not merely invalid: then the API server does not repeat the value, which may hold a password.
    #[x_kube(
        validation = Rule::new(
            "self.matches('^https?://([A-Za-z0-9._-]+|[[][0-9A-Fa-f:.]+[]])(:[0-9]*[1-9][0-9]*)?/?$')")
            .message("must be http://HOST:PORT or https://HOST:PORT, without a user or password, which all could read here")
            .reason(Reason::FieldValueForbidden),
    )]
    pub https_proxy: Option<String>,
    /// What is reached without it: names with those below them, suffixes such as `.corp.example.com`, addresses and networks
    /// such as `10.0.0.0/8`, each with `:PORT` if need be, or `*`. Default: loopback alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = "^[^,\\s]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub no_proxy: Vec<String>,
}

/// What a sidecar has of keys when its pod starts while no control plane can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum BootstrapSecrets {
    /// None.
    #[default]
    None,
    /// Those of the pod's own namespace that its policy uses, as files.
    Mount,
}

/// Variables of the application's containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Variables {
    /// Whether the addresses that SDKs read (`OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL` ...) are set: `Set`, never over a
    /// value of the pod's own, or `Leave`. Default: `Set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Addresses>,
    /// Whether a key that is none is set (`OPENAI_API_KEY` ...), since SDKs do not start without one: `Auto` (where the
    /// address is set too and nothing else can bring a key), `Always` (whatever `envFrom` may bring) or `Never`.
    /// Default: `Auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dummy_keys: Option<DummyKeys>,
}

/// Whether the addresses that SDKs read are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum Addresses {
    /// They are, where the pod does not set them.
    #[default]
    Set,
    /// They are not.
    Leave,
}

/// Whether a key that is none is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = schema::undescribed)]
pub enum DummyKeys {
    /// Where the address is set too, and nothing else can bring a key.
    #[default]
    Auto,
    /// Wherever the address is set and the pod's own list has no key.
    Always,
    /// Nowhere.
    Never,
}
