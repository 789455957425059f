//! The pieces of a story in which pods run: a [`Story`] has a namespace of its own.
//!
//! ```ignore
//! let story = Story::new().await;
//! story.apply("apiVersion: v1\nkind: Pod\n...").await;
//! story.ready("pod/app").await;
//! assert_eq!(story.exec("app", &["cat", "/etc/hostname"]).await, "app");
//! assert!(story.logs("app").await.contains("listening"));
//! ```
//!
//! A story that fails says what its pods are, what they wrote, and what happened to them.

#![allow(dead_code, unused_imports, reason = "a kit: not every piece has a story at every time")]

#[path = "../kubectl.rs"]
mod kubectl;
mod plugin;
mod release;
mod story;
mod turns;

use std::time::{Duration, Instant};

pub use plugin::plugin;
pub use release::{
    SYSTEM, alone, beside, chart, chart_without, helm, helm_beside, install, install_with, kinds, shared,
};
pub use story::Story;

/// How long a pod may take to run, on a machine that does other things too.
pub const SOON: Duration = Duration::from_secs(90);
/// Our programs, a shell, and callers.
pub const SIDECAR: &str = "localhost/outrigger-sidecar:dev";
pub const CONTROL_PLANE: &str = "localhost/outrigger-control-plane:dev";
pub const OUTRIGGER: &str = "localhost/outrigger:dev";
pub const BUSYBOX: &str = "localhost/busybox:1";
pub const PYTHON: &str = "localhost/python:1";
/// Python with SDKs of other vendors.
pub const UNTOUCHED: &str = "localhost/python-untouched:1";
pub const NODE: &str = "localhost/node:1";

/// Looks five times a second until there is something to see; fails the test when there is nothing in time.
pub async fn wait_for<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < within, "waited {within:?} for {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
