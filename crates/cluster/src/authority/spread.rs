//! The bundle, into every namespace that has sidecars.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;

use super::{Known, NAME, Report, document::BUNDLE};
use crate::{
    Cluster,
    spread::{self, Content, Kind, Pace, Wanted},
};

const KIND: Kind = Kind {
    name: NAME,
    manager: "outrigger.dev/ca",
    ours: |key| key == BUNDLE,
    pace: Pace { batch: 64, pause: Duration::ZERO, rest: Duration::ZERO },
    refused: ("bundle_refused", "its sidecars do not know the control plane"),
    unheard: "bundles_unheard",
};

/// Writes the bundles whenever we lead, for as long as it is polled and anybody may lead.
pub(super) async fn run(
    cluster: Cluster,
    mut known: watch::Receiver<Known>,
    leading: watch::Receiver<bool>,
    mut namespaces: watch::Receiver<BTreeSet<String>>,
    report: watch::Sender<Report>,
) {
    let (want, wanted) = watch::channel(Wanted::default());
    let telling = async {
        loop {
            let bundle = known.borrow_and_update().bundle();
            want.send_replace(wanted_of(bundle, &namespaces.borrow_and_update()));
            tokio::select! {
                changed = known.changed() => if changed.is_err() { return },
                changed = namespaces.changed() => if changed.is_err() { return },
            }
        }
    };
    tokio::select! {
        () = telling => {}
        () = spread::run(cluster, KIND, wanted, leading, report) => {}
    }
}

fn wanted_of(bundle: Option<Arc<str>>, namespaces: &BTreeSet<String>) -> Wanted {
    let Some(bundle) = bundle else { return Wanted::default() };
    let data = BTreeMap::from([(BUNDLE.to_owned(), bundle.to_string())]);
    let content = Arc::new(Content::new(data, BTreeMap::new()));
    let maps = namespaces.iter().map(|namespace| (namespace.clone(), content.clone())).collect();
    Wanted { of: Some(bundle), maps: Arc::new(maps) }
}
