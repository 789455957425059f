//! What a ledger is told of requests: an attempt before it is sent, a request when it has ended. Never what a prompt or an answer
//! says.
//!
//! Each is one entry of `proto/outrigger/ledger/v1/ledger.proto`, without its number, added to a spool: no request waits for
//! anything else. The bytes are written by hand, so that the data plane links no gRPC; a test reads them with the generated
//! types. Where there is no ledger, a request notes nothing.

mod begun;
mod bytes;
pub(crate) mod ended;
pub(crate) mod note;
pub(crate) mod sheet;
#[cfg(test)]
mod tests;
mod users;

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use outrigger_spool::Spool;
use outrigger_telemetry::Registry;

use crate::{about::About, metrics::ledger::LedgerMetrics};
use bytes::Writer;
pub use users::Users;

/// Where requests are booked.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) spool: Spool,
    pub(crate) users: Users,
    /// Who is charged where nobody has said a team.
    team: Box<str>,
    /// A `Payer`, written.
    payer: ArcSwap<Vec<u8>>,
    /// Registered when somebody looks.
    metrics: OnceLock<LedgerMetrics>,
}

impl Ledger {
    /// Books into `spool`; `team` is charged where neither a pod nor its namespace names one.
    pub fn new(spool: Spool, users: Users, team: Box<str>) -> Self {
        let payer = ArcSwap::from_pointee(payer(&About::default(), &team));
        Self { spool, users, team, payer, metrics: OnceLock::new() }
    }

    /// Whom requests that come from now on are charged to.
    pub(crate) fn about(&self, about: &About) {
        self.payer.store(Arc::new(payer(about, &self.team)));
    }

    /// Who is charged for a request that comes now.
    pub(crate) fn payer(&self) -> Arc<Vec<u8>> {
        self.payer.load_full()
    }

    /// Sets the series of how it stands.
    pub(crate) fn measure(&self, registry: &Registry) {
        self.metrics.get_or_init(|| LedgerMetrics::register(registry)).set(&self.spool.standing());
    }
}

/// Most bytes of a name of the cluster's.
const NAME: usize = 256;

fn payer(about: &About, team: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(1, about.namespace.as_deref().unwrap_or_default(), NAME);
    writer.text(2, about.owner.as_deref().unwrap_or_default(), NAME);
    writer.text(3, about.team.as_deref().unwrap_or(team), NAME);
    writer.written().to_vec()
}
