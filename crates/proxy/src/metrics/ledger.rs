//! How the way to the ledger stands, as series: there are none where there is no ledger.

use metrics::{Counter, Gauge};
use outrigger_spool::Standing;
use outrigger_telemetry::Registry;

use super::families::{LEDGER_BYTES, LEDGER_LOST, LEDGER_ON_DISK, LEDGER_WAITING};

/// The handles.
#[derive(Debug)]
pub(crate) struct LedgerMetrics {
    waiting: Gauge,
    gone: Counter,
    refused: Counter,
    disk: Gauge,
    memory: Gauge,
    on_disk: Gauge,
}

impl LedgerMetrics {
    pub(crate) fn register(registry: &Registry) -> Self {
        Self {
            waiting: registry.gauge(&LEDGER_WAITING, &[]),
            gone: registry.counter(&LEDGER_LOST, &[("reason", "gone")]),
            refused: registry.counter(&LEDGER_LOST, &[("reason", "refused")]),
            disk: registry.gauge(&LEDGER_BYTES, &[("place", "disk")]),
            memory: registry.gauge(&LEDGER_BYTES, &[("place", "memory")]),
            on_disk: registry.gauge(&LEDGER_ON_DISK, &[]),
        }
    }

    /// As it stands now.
    pub(crate) fn set(&self, standing: &Standing) {
        self.waiting.set(standing.waiting as f64);
        self.gone.absolute(standing.lost);
        self.refused.absolute(standing.refused);
        self.disk.set(standing.disk_bytes as f64);
        self.memory.set(standing.memory_bytes as f64);
        self.on_disk.set(if standing.on_disk { 1.0 } else { 0.0 });
    }
}
