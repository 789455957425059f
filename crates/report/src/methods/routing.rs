//! What routing saved: bounds of it, since nobody knows which one model would have been taken instead.

use std::collections::BTreeMap;

use outrigger_catalog::Catalog;

use super::list::{Used, cost, prices};

/// A route, beside the same tokens on one of its models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) route: String,
    /// What was used, at list price.
    pub(crate) list: i128,
    /// All of it on the model of the route that served most requests.
    pub(crate) main: i128,
    /// The model, and whose.
    pub(crate) main_model: String,
    /// All of it on the dearest of the route's models.
    pub(crate) dearest: i128,
    /// The model, and whose.
    pub(crate) dearest_model: String,
}

/// Each route that used more than one model, the one that may have saved most first. What has no list price is left out.
pub(crate) fn routing(used: &[Used], catalog: &Catalog) -> Vec<Routed> {
    let mut routes: BTreeMap<&str, Vec<(&Used, i128)>> = BTreeMap::new();
    for used in used {
        if let Some(list) = used.list {
            routes.entry(&used.route).or_default().push((used, list));
        }
    }
    let mut all: Vec<Routed> = routes.into_iter().filter_map(|(route, parts)| routed(route, &parts, catalog)).collect();
    all.sort_by_key(|routed| routed.list - routed.dearest);
    all
}

fn routed(route: &str, parts: &[(&Used, i128)], catalog: &Catalog) -> Option<Routed> {
    if parts.len() < 2 || route.is_empty() {
        return None;
    }
    let all_on = |one: &Used| {
        let prices = prices(catalog, &one.vendor, &one.model)?;
        Some(parts.iter().map(|(used, _)| cost(prices, &used.sums)).sum::<i128>())
    };
    let name = |used: &Used| format!("{}/{}", used.vendor, used.model);
    let main = parts.iter().map(|(used, _)| *used).max_by_key(|used| used.sums.requests)?;
    let (dearest, nano) =
        parts.iter().filter_map(|(used, _)| Some((*used, all_on(used)?))).max_by_key(|(_, nano)| *nano)?;
    Some(Routed {
        route: route.into(),
        list: parts.iter().map(|(_, list)| list).sum(),
        main: all_on(main)?,
        main_model: name(main),
        dearest: nano,
        dearest_model: name(dearest),
    })
}
