//! What there is to judge: a cluster as it was found, at one moment. Nothing of a Secret but its certificates is in it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What came of looking at something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen<T> {
    /// So it is.
    There(T),
    /// It is not there.
    Missing,
    /// Why nobody knows.
    Unknown(String),
}

/// A cluster.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The namespace of the installation.
    pub(crate) system: String,
    /// When it was looked at, in seconds since 1970.
    pub(crate) now: u64,
    /// The version of this program.
    pub(crate) version: String,
    /// `/version` of the API server.
    pub(crate) server: Value,
    /// The kubelets' versions, by node.
    pub(crate) nodes: Seen<Vec<(String, String)>>,
    /// The definitions of our kinds, by name.
    pub(crate) kinds: BTreeMap<String, Seen<Value>>,
    /// Every MutatingWebhookConfiguration, and every ValidatingWebhookConfiguration.
    pub(crate) mutating: Seen<Vec<Value>>,
    pub(crate) validating: Seen<Vec<Value>>,
    /// Services that those of ours name, and the EndpointSlices of each, by namespace and name.
    pub(crate) services: BTreeMap<(String, String), Seen<Value>>,
    pub(crate) slices: BTreeMap<(String, String), Seen<Vec<Value>>>,
    /// Of the installation's namespace.
    pub(crate) deployments: Seen<Vec<Value>>,
    /// What a ledger in a file is.
    pub(crate) stateful: Seen<Vec<Value>>,
    pub(crate) pods: Seen<Vec<Value>>,
    pub(crate) leases: Seen<Vec<Value>>,
    /// Certificates of Secrets there, by name.
    pub(crate) secrets: BTreeMap<String, Seen<Pems>>,
    /// What sidecars know the control plane by, by namespace.
    pub(crate) bundles: Seen<BTreeMap<String, String>>,
    /// Namespaces that say whether they have sidecars, and what.
    pub(crate) labelled: Seen<BTreeMap<String, String>>,
    /// Pods of everybody that have a sidecar, or are to have one.
    pub(crate) workloads: Seen<Workloads>,
    /// What our accounts were asked for.
    pub(crate) rights: Seen<Vec<Right>>,
    /// What whoever asks was.
    pub(crate) own_rights: Seen<Vec<Right>>,
    /// A pod that asks for a sidecar, as the API server would have made it.
    pub(crate) tried_pod: Seen<Value>,
    /// What the API server said of a route that names no model: its warnings.
    pub(crate) tried_route: Seen<String>,
    /// What came of asking a pod's probe port by way of the API server, by namespace and name.
    pub(crate) probes: BTreeMap<(String, String), Seen<()>>,
}

/// Certificates of a Secret, as PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pems {
    /// `ca.crt`
    pub(crate) ca: String,
    /// `tls.crt`
    pub(crate) chain: String,
}

/// Pods of everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workloads {
    pub(crate) pods: Vec<Workload>,
    /// There are more than were looked at.
    pub(crate) more: bool,
}

/// What of a pod counts here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// It is to have a sidecar and has none.
    pub(crate) bare: bool,
    /// The word of its own label or annotation, or of its namespace's, where that is neither of the two.
    pub(crate) misspelt: Option<String>,
    pub(crate) sidecar: Option<Sidecar>,
}

/// A pod's sidecar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sidecar {
    pub(crate) image: String,
    pub(crate) ready: bool,
    /// Where it answers probes.
    pub(crate) probe: Option<u16>,
    /// What it has for the ledger.
    pub(crate) books: Books,
}

/// What a sidecar has for the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Books {
    /// It tells nobody what it used.
    #[default]
    Nothing,
    /// What it has to tell is lost with its container.
    InMemory,
    /// That outlives its container.
    OnDisk,
}

/// Something that somebody may do, or may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    /// `system:serviceaccount:outrigger-system:outrigger-injector`; empty: whoever asks.
    pub(crate) user: String,
    pub(crate) attributes: Attributes,
    pub(crate) allowed: bool,
}

/// What is asked for, as a SubjectAccessReview has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
    pub(crate) verb: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
    pub(crate) resource: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) subresource: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
}

impl<T> Seen<T> {
    /// What is there, if anybody knows.
    pub(crate) fn there(&self) -> Option<&T> {
        if let Self::There(it) = self { Some(it) } else { None }
    }

    /// The same, made something else of.
    pub(crate) fn map<U>(self, of: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::There(it) => Seen::There(of(it)),
            Self::Missing => Seen::Missing,
            Self::Unknown(why) => Seen::Unknown(why),
        }
    }
}

/// The names of the programs, of their Deployments, accounts and Services.
pub(crate) const CONTROL_PLANE: &str = "outrigger-control-plane";
pub(crate) const INJECTOR: &str = "outrigger-injector";
/// There is one only where it is switched on: a Deployment before a database, a StatefulSet with a file.
pub(crate) const LEDGER: &str = "outrigger-ledger";
/// The webhook configurations of the chart.
pub(crate) const MUTATING: &str = "outrigger-injector";
pub(crate) const VALIDATING: &str = "outrigger-policy";

impl Found {
    /// A Deployment of the installation.
    pub(crate) fn deployment(&self, name: &str) -> Option<&Value> {
        self.deployments.there()?.iter().find(|it| it["metadata"]["name"] == name)
    }

    /// The Deployment or StatefulSet of a program.
    pub(crate) fn program(&self, name: &str) -> Option<&Value> {
        let stateful = || self.stateful.there()?.iter().find(|it| it["metadata"]["name"] == name);
        self.deployment(name).or_else(stateful)
    }

    /// Where sidecars are sent with what they used, if they are.
    pub(crate) fn ledger(&self) -> Option<&str> {
        self.argument(INJECTOR, "--ledger=")
    }

    /// Whether Outrigger is installed: somebody has to be there who would be asked.
    pub(crate) fn is_installed(&self) -> bool {
        match &self.deployments {
            Seen::Unknown(_) => self.kinds.values().any(|kind| kind.there().is_some()),
            _ => self.deployment(CONTROL_PLANE).is_some() || self.deployment(INJECTOR).is_some(),
        }
    }

    /// A word of a program's command line: `argument("outrigger-injector", "--tls-secret=")`.
    pub(crate) fn argument(&self, program: &str, flag: &str) -> Option<&str> {
        let args = self.program(program)?.pointer("/spec/template/spec/containers/0/args")?.as_array()?;
        args.iter().filter_map(Value::as_str).find_map(|arg| arg.strip_prefix(flag))
    }
}

/// Whether a webhook configuration is one of ours, whatever it is called.
pub(crate) fn is_ours(configuration: &Value) -> bool {
    let entries = configuration["webhooks"].as_array();
    let mut names = entries.into_iter().flatten().filter_map(|entry| entry["name"].as_str());
    names.any(|name| name.ends_with(".outrigger.dev"))
}

/// The Services that the entries of a webhook configuration name, each once.
pub(crate) fn services(configuration: &Value) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for entry in configuration["webhooks"].as_array().into_iter().flatten() {
        let service = &entry["clientConfig"]["service"];
        if let (Some(namespace), Some(name)) = (service["namespace"].as_str(), service["name"].as_str()) {
            let service = (namespace.to_owned(), name.to_owned());
            if !all.contains(&service) {
                all.push(service);
            }
        }
    }
    all
}
