//! What is compiled, and for whom.

use std::collections::BTreeMap;

use outrigger_crd::{ConfigMap, ModelPolicy, ModelProvider, ModelRoute, Secret};

use crate::problem::ObjectRef;

/// Namespace of the control plane, unless it is said otherwise.
pub const SYSTEM_NAMESPACE: &str = "outrigger-system";

/// The objects, in any order. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Every `ModelProvider`.
    pub providers: Vec<ModelProvider>,
    /// Every `ModelRoute`.
    pub routes: Vec<ModelRoute>,
    /// Every `ModelPolicy`.
    pub policies: Vec<ModelPolicy>,
    /// Every `Secret` that may be named by a provider.
    pub secrets: Vec<Secret>,
    /// Every `ConfigMap` that may be named by a provider.
    pub config_maps: Vec<ConfigMap>,
    /// Labels of namespaces, for selectors.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// The control plane's own namespace: its `ModelPolicy`s may hold for others.
    pub system_namespace: String,
    /// Objects that are there and cannot be read. They are no removal.
    pub unreadable: Vec<Unreadable>,
    /// Something is there of which not even the name can be read: what is missing may be in it.
    pub incomplete: bool,
}

/// An object of which no more than the name could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub object: ObjectRef,
    /// What is wrong with it; never holds a value.
    pub reason: String,
    /// Of a route: its `aliases`, where so much could be read. They are its own all the same.
    pub aliases: Vec<String>,
}

/// For whom a view is compiled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// For one who may see everything: running locally, checking a folder. Every policy holds over everything.
    All,
    /// For all that pods of this namespace may see together, whatever workloads its routes select.
    Namespace(String),
    /// For the workloads that one set of objects selects.
    Selected(Selection),
}

/// The objects of a namespace that select a workload: two workloads that the same ones select see the same, so this, and
/// not their labels, is what is compiled for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selection {
    /// The workload's namespace.
    pub namespace: String,
    /// Names of the `ModelRoute`s, in order.
    pub routes: Vec<String>,
    /// The `ModelPolicy`s, in order, those of the control plane's namespace included.
    pub policies: Vec<ObjectRef>,
}

/// Who asks: as known of a pod, or as said by a token outside Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Its service account.
    pub service_account: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            routes: Vec::new(),
            policies: Vec::new(),
            secrets: Vec::new(),
            config_maps: Vec::new(),
            namespaces: BTreeMap::new(),
            system_namespace: SYSTEM_NAMESPACE.to_owned(),
            unreadable: Vec::new(),
            incomplete: false,
        }
    }
}

impl World {
    /// Whether there is nothing in it that could be meant.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.routes.is_empty() && self.policies.is_empty()
    }
}

impl Scope {
    /// The one namespace that it is for.
    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Namespace(namespace) | Self::Selected(Selection { namespace, .. }) => Some(namespace),
        }
    }
}
