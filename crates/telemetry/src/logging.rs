//! One structured line per event on standard error.

use tracing_subscriber::{EnvFilter, fmt};

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON objects, for collectors.
    Json,
    /// For people.
    Text,
}

/// Installs the process-wide subscriber. `filter` is a directive list such as `info` or `outrigger_proxy=debug`; one
/// that cannot be parsed falls back to `info`. A second call changes nothing.
pub fn init(format: Format, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // Errors only if a subscriber is installed already: then that one stays.
    let _ = match format {
        Format::Json => builder.json().flatten_event(true).try_init(),
        Format::Text => builder.compact().try_init(),
    };
}
