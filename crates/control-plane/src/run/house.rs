//! What the parts of a control plane share, and what comes from where policy does.

use std::sync::Arc;

use outrigger_catalog::Catalog;
use outrigger_cluster::{access::Access, lease::Lease};

use crate::{
    fingerprint::Fingerprints,
    fleet::Fleet,
    identity,
    metrics::Metrics,
    outlook::Outlook,
    peers::Door,
    publish::Publisher,
    scrape::Places,
    source::{Standing, Worlds},
    tls::Serving,
};

/// What every part may use, wherever policy comes from.
pub(super) struct House {
    pub(super) catalog: Arc<Catalog>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) standing: Arc<Standing>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) fingerprints: Arc<Fingerprints>,
}

impl House {
    pub(super) fn new() -> anyhow::Result<Self> {
        let (metrics, fleet) = (Arc::new(Metrics::new()?), Arc::new(Fleet::default()));
        let catalog = Arc::new(Catalog::embedded());
        let publisher = Arc::new(Publisher::new(catalog.clone(), fleet.clone(), metrics.clone()));
        let (standing, fingerprints) = (Arc::new(Standing::new()), Arc::default());
        Ok(Self { catalog, metrics, fleet, standing, publisher, fingerprints })
    }
}

/// What comes from where policy does.
pub(super) struct Origin {
    pub(super) authority: identity::Authority,
    /// Where sidecars are.
    pub(super) places: Places,
    /// `None`: plain HTTP.
    pub(super) serving: Option<Arc<Serving>>,
    pub(super) worlds: Worlds,
    /// What edits would mean.
    pub(super) outlook: Arc<Outlook>,
    /// Who says which people may look; `None`: nobody can.
    pub(super) access: Option<Access>,
    /// Where other replicas ask; `None`: there are none.
    pub(super) peers: Option<Door>,
    /// Our part in the election, where there is one.
    pub(super) lease: Option<Lease>,
}
