//! What replicas know each other by, as it changes.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::SharedSecret;

/// Shared by what learns of it and what uses it.
#[derive(Debug)]
pub(crate) struct Replicas {
    pub(crate) auth: Arc<SharedSecret>,
    bundle: ArcSwap<String>,
}

impl Replicas {
    /// From now on.
    pub(crate) fn learn(&self, bundle: &str, secret: &[u8]) {
        self.bundle.store(Arc::new(bundle.to_owned()));
        self.auth.set([secret]);
    }

    /// The certificates of the authorities, as PEM; nothing before they are known.
    pub(crate) fn bundle(&self) -> String {
        self.bundle.load().as_ref().to_owned()
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Self { auth: SharedSecret::new([]), bundle: ArcSwap::default() }
    }
}
