//! The bundle, into every namespace that has sidecars, and into our own: there it is looked for by people.

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
    let own = cluster.namespace().to_owned();
    let telling = async {
        loop {
            let bundle = known.borrow_and_update().bundle();
            want.send_replace(wanted_of(bundle, &own, &namespaces.borrow_and_update()));
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

fn wanted_of(bundle: Option<Arc<str>>, own: &str, namespaces: &BTreeSet<String>) -> Wanted {
    let Some(bundle) = bundle else { return Wanted::default() };
    let data = BTreeMap::from([(BUNDLE.to_owned(), bundle.to_string())]);
    let content = Arc::new(Content::new(data, BTreeMap::new()));
    let everywhere = namespaces.iter().map(String::as_str).chain([own]);
    let maps = everywhere.map(|namespace| (namespace.to_owned(), content.clone())).collect();
    Wanted { of: Some(bundle), maps: Arc::new(maps) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kubectl outrigger` finds it there, whether there are sidecars or none yet.
    #[test]
    fn our_own_namespace_has_the_bundle_too() {
        for (with, all) in [(&[][..], vec!["outrigger-system"]), (&["shop"][..], vec!["outrigger-system", "shop"])] {
            let namespaces = with.iter().map(|it| (*it).to_owned()).collect();
            let wanted = wanted_of(Some("pem".into()), "outrigger-system", &namespaces);
            assert_eq!(wanted.maps.keys().map(String::as_str).collect::<Vec<_>>(), all);
        }
        assert!(wanted_of(None, "outrigger-system", &BTreeSet::new()).maps.is_empty());
    }
}
