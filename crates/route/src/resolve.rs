//! From the names in a request to the targets they stand for.

use std::{borrow::Cow, sync::Arc};

use crate::{
    Snapshot,
    ask::Sort,
    closed::Closed,
    reason::NoRoute,
    snapshot::{Route, RouteTarget},
};

/// What one name stands for.
pub(crate) struct Resolved<'s> {
    pub(crate) route: &'s Arc<Route>,
    pub(crate) targets: Targets<'s>,
    /// The sort that a routing suffix asks for; the last suffix wins.
    pub(crate) sort: Option<Sort>,
}

/// Targets of a route as written, or every target of a bare model.
pub(crate) enum Targets<'s> {
    Route(&'s [RouteTarget]),
    Model(&'s [u32]),
}

/// Resolves `name`: a route or alias shadows a model id, and a whole name wins over a suffix (`llama3:8b` is a name). A
/// name that is closed ends the search: what is behind its suffix may lack the limits it was written with.
pub(crate) fn resolve<'s>(snapshot: &'s Snapshot, name: &str) -> Result<Resolved<'s>, NoRoute> {
    let mut base = name;
    let mut sort = None;
    loop {
        if let Some(route) = snapshot.routes.get(base) {
            return Ok(Resolved { route, targets: Targets::Route(&route.targets), sort });
        }
        if let Some(slots) = snapshot.models.get(base) {
            return Ok(Resolved { route: &snapshot.direct, targets: Targets::Model(slots), sort });
        }
        if let Some(why) = snapshot.closed.get(base) {
            if matches!(why, Closed::Unserved { .. }) && is_empty(snapshot) {
                break;
            }
            return Err(NoRoute::Closed { name: name.to_owned(), why: why.clone() });
        }
        match base.rsplit_once(':').and_then(|(rest, suffix)| Sort::of_variant(suffix).map(|sort| (rest, sort))) {
            Some((rest, variant)) => {
                sort = sort.or(Some(variant));
                base = rest;
            }
            None => break,
        }
    }
    if let Some(why) = &snapshot.otherwise {
        return Err(NoRoute::Closed { name: name.to_owned(), why: why.clone() });
    }
    if is_empty(snapshot) {
        return Err(NoRoute::Nothing { name: name.to_owned() });
    }
    Err(NoRoute::Unknown { name: name.to_owned(), nearest: nearest(snapshot, base) })
}

/// Whether policy has nothing to say yet: no target, and no name but those that the catalogue knows. A policy all the same.
fn is_empty(snapshot: &Snapshot) -> bool {
    snapshot.targets.is_empty() && snapshot.closed.values().all(|why| matches!(why, Closed::Unserved { .. }))
}

/// The three most similar names. Only on the error path: it looks at every name.
fn nearest(snapshot: &Snapshot, name: &str) -> Vec<String> {
    let wanted = name.to_ascii_lowercase();
    let slug = wanted.rsplit('/').next().unwrap_or(&wanted);
    // Of the closed names those alone that a provider more would open.
    let unserved =
        snapshot.closed.iter().filter(|(_, why)| matches!(why, Closed::Unserved { .. })).map(|(name, _)| name);
    let mut scored: Vec<(f64, Cow<'_, str>)> = snapshot
        .routes
        .keys()
        .chain(snapshot.models.keys())
        .chain(unserved)
        .map(|known| {
            let candidate = known.to_ascii_lowercase();
            let whole = strsim::jaro_winkler(&wanted, &candidate);
            let part = strsim::jaro_winkler(slug, candidate.rsplit('/').next().unwrap_or_default());
            (whole.max(part), Cow::Borrowed(&**known))
        })
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().take(3).map(|(_, name)| name.into_owned()).collect()
}
