//! What this binary is.

/// Version of the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
