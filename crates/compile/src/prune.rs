//! What no route leads to, where only routes may be named: no pod needs the address or the key of it.

use std::{collections::BTreeSet, sync::Arc};

use outrigger_route::view::{Fleet, Offering, View};

/// Takes out of `view` the offers that none of its routes mean. Whether it took any. A broken route may go on, where it
/// had an earlier value, with targets that cannot be known here: then nothing is taken out.
pub(crate) fn unreachable(view: &mut View) -> bool {
    if view.broken.keys().any(|(kind, _)| *kind == outrigger_route::view::Kind::Route) {
        return false;
    }
    let View { providers, credentials, routes, .. } = view;
    // Whether a key is there today does not decide what a route means.
    let fleet = Fleet::keyless(providers);
    let meant = routes.values().flat_map(|part| fleet.lines(&part.lines)).map(|target| target.slot);
    let meant: BTreeSet<u32> = meant.collect();
    let mut slot = 0..;
    let mut took = false;
    providers.retain(|key, offering| {
        let keep: Vec<bool> = offering.offers.iter().zip(&mut slot).map(|(_, slot)| meant.contains(&slot)).collect();
        if keep.iter().all(|keep| *keep) {
            return true;
        }
        took = true;
        let Offering { provider, offers } = &**offering;
        let offers: Vec<_> = offers.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(it, _)| it.clone()).collect();
        if offers.is_empty() {
            credentials.remove(key);
            return false;
        }
        *offering = Arc::new(Offering { provider: provider.with(provider.credentials.clone()), offers });
        true
    });
    took
}
