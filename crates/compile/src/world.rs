//! What is compiled, and for whom.

use std::collections::BTreeMap;

use outrigger_crd::{ModelProvider, ModelRoute, Secret};

/// The objects, in any order. `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Every `ModelProvider`.
    pub providers: Vec<ModelProvider>,
    /// Every `ModelRoute`.
    pub routes: Vec<ModelRoute>,
    /// Every `Secret` that may be named by a provider.
    pub secrets: Vec<Secret>,
    /// Labels of namespaces, for `allowedNamespaces.selector`.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
}

/// For whom a snapshot is compiled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// For one who may see everything: running locally, checking a folder.
    All,
    /// For a pod of this namespace: its routes, and the providers that allow it.
    Namespace(String),
}
