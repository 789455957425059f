//! What one workload's sidecars should hold.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use arc_swap::ArcSwap;
use outrigger_compile::Workload;

use super::encoded::Encoded;

/// The view of one workload, as long as somebody needs it.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Shared with the key under which it is found: labels are the most of it.
    pub(super) workload: Arc<Workload>,
    pub(super) view: ArcSwap<Encoded>,
    /// It could not be compiled when its objects changed last.
    pub(super) behind: AtomicBool,
}

impl Subscription {
    /// Whose it is.
    pub(crate) fn workload(&self) -> &Arc<Workload> {
        &self.workload
    }

    /// What its sidecars should hold now.
    pub(crate) fn view(&self) -> Arc<Encoded> {
        self.view.load_full()
    }

    /// Whether that is older than the world that is served.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Relaxed)
    }
}
