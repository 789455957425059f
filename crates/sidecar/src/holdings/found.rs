//! Keys that a control plane has not told of, as far as they were found in files.

use std::{collections::BTreeMap, sync::Arc};

use outrigger_route::{View, snapshot::Credential, view::Key};

/// What was found in files. `Debug` shows no key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// By provider.
    pub(crate) keys: BTreeMap<Key, Arc<[Credential]>>,
    /// What was not, and why: one line each.
    pub(crate) problems: Vec<String>,
}

impl Found {
    /// Says what there is, by name.
    pub(crate) fn log(&self) {
        let providers: Vec<&str> = self.keys.keys().map(|provider| &**provider).collect();
        tracing::info!(
            providers = providers.join(" "),
            "mounted keys are used until the control plane has said which there are"
        );
        self.problems.iter().for_each(|problem| tracing::warn!(code = "key_not_mounted", "{problem}"));
    }

    /// Gives `view` what it lacks of keys; what it was told stays.
    pub(super) fn complete(&self, view: &mut View) {
        for (provider, keys) in &self.keys {
            if view.is_pending(provider) {
                view.credentials.insert(provider.clone(), keys.clone());
            }
        }
    }
}
