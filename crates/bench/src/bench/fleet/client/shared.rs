//! What all sidecars of the process share.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use super::{frame::Reader, held::Holding};
use crate::bench::fleet::words::{Counts, Holdings, One, Setup};

/// How much of what went wrong is told in words.
const SAID: usize = 8;

/// What all sidecars share.
pub(super) struct Shared {
    pub(super) setup: Setup,
    pub(super) tls: TlsConnector,
    pub(super) counts: RefCell<Counts>,
    pub(super) holdings: Vec<RefCell<Holding>>,
    pub(super) read: RefCell<Reader>,
    /// Counts the orders to drop all connections.
    pub(super) drops: watch::Sender<u64>,
    /// One of so many takes so long over an ack.
    pub(super) slow: Cell<Option<(usize, Duration)>>,
}

impl Shared {
    pub(super) fn say(&self, why: String) {
        let mut counts = self.counts.borrow_mut();
        if counts.said.len() < SAID && !counts.said.contains(&why) {
            counts.said.push(why);
        }
    }

    pub(super) fn look(&self) -> Holdings {
        let mut all = Holdings::new();
        for (One { namespace, .. }, holding) in self.setup.sidecars.iter().zip(&self.holdings) {
            let mut holding = holding.borrow_mut();
            let held = all.entry(namespace.clone()).or_default();
            *held.revisions.entry(holding.revision.to_string()).or_default() += 1;
            *held.marks.entry(holding.mark).or_default() += 1;
            held.most_updates = held.most_updates.max(std::mem::take(&mut holding.updates));
        }
        all
    }
}
