//! Prints the table of a sidecar's metrics: `cargo xtask generate` puts it into README.md.

use outrigger_proxy::metrics::FAMILIES;
use outrigger_telemetry::{out, registry::markdown};

fn main() -> std::io::Result<()> {
    out::write(&markdown(FAMILIES))
}
