//! Logging set-up, metric registry, build information.
