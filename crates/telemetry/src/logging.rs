//! One structured line per event on standard error.

use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

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
    let filter = filter.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let layer = match format {
        Format::Json => layer.json().flatten_event(true).boxed(),
        Format::Text => layer.compact().boxed(),
    };
    // Errors only if a subscriber is installed already: then that one stays.
    let _ = registry().with(layer.with_filter(filter)).try_init();
}
