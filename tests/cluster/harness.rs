//! The pieces of a story with an API server: a [`Cluster`], a [`Namespace`] of its own in it, and what `tests/it` has.
//!
//! ```ignore
//! let cluster = Cluster::shared().await;
//! cluster.crds().await;
//! let namespace = cluster.namespace().await;
//! namespace.apply(Policy::new().provider("a", a.base_url())).await;
//! let pod = namespace.pod("web-0", &[("app", "web")], "default").await;
//! let token = namespace.pod_token(&pod, "outrigger").await;
//! let kubeconfig = namespace.kubeconfig("default").await;
//! let plane = control_plane(&["--kubeconfig", &kubeconfig]).await;
//! let sidecar = plane.sidecar(token, ca_file).start().await;
//! ```

#![allow(dead_code, unused_imports, reason = "a kit: not every piece has a story at every time")]

mod cluster;
mod install;
#[path = "../kubectl.rs"]
mod kubectl;
mod namespace;
mod plane;

use std::time::{Duration, Instant};

pub use cluster::Cluster;
pub use install::{ACCOUNT, AUDIENCE, CHAT, Installed, LEDGER, SOON, TOLD, becomes, code, condition_in, text, told};
pub use namespace::{Namespace, Pod};
pub use plane::{Plane, control_plane, ledger};

pub use super::it::harness::*;

/// Looks ten times a second until there is something to see; fails the test when there is nothing in time.
pub async fn wait_for<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < within, "waited {within:?} for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
