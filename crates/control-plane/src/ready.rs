//! The file that says that a program listens, and where.

use std::path::Path;

use anyhow::Context as _;

/// Whoever waits for the file must not read half of it: it is renamed into place.
pub(crate) fn write(path: &Path, addresses: &serde_json::Value) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, addresses.to_string())
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write the ready file {}", path.display()))
}
