//! What became of spans, as series: there are none where nothing traces.

use metrics::Counter;
use outrigger_telemetry::Registry;

use super::families::{TRACES_DROPPED, TRACES_SENT};
use crate::outbox::Standing;

/// The handles.
#[derive(Debug)]
pub(crate) struct TraceMetrics {
    sent: Counter,
    full: Counter,
    refused: Counter,
    unreachable: Counter,
}

impl TraceMetrics {
    pub(crate) fn register(registry: &Registry) -> Self {
        let dropped = |reason| registry.counter(&TRACES_DROPPED, &[("reason", reason)]);
        Self {
            sent: registry.counter(&TRACES_SENT, &[]),
            full: dropped("full"),
            refused: dropped("refused"),
            unreachable: dropped("unreachable"),
        }
    }

    /// As it stands now.
    pub(crate) fn set(&self, Standing { sent, full, refused, unreachable }: &Standing) {
        self.sent.absolute(*sent);
        self.full.absolute(*full);
        self.refused.absolute(*refused);
        self.unreachable.absolute(*unreachable);
    }
}
