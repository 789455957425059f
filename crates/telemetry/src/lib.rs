//! Logging set-up, the metric registry, build information, and what others see and read of a process; knows nothing of
//! requests.

pub mod build;
mod family;
pub mod lines;
pub mod logging;
pub mod memory;
pub mod out;
pub mod private;
mod queue;
pub mod registry;

pub use registry::Registry;
