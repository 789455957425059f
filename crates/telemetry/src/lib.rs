//! Logging set-up, the metric registry and build information; knows nothing of requests.

pub mod build;
pub mod logging;
pub mod registry;

pub use registry::Registry;
