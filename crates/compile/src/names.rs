//! Who answers to which name.

use std::{collections::BTreeMap, sync::Arc};

use outrigger_catalog::Catalog;
use outrigger_crd::ModelRoute;
use outrigger_route::snapshot::{Names, Route, Target};

use crate::problem::{Kind, ObjectRef, Problem, Report, full_name, name};

/// Model names to slots: catalogue ids, vendors' own ids, and `provider/vendor's id` where that is nobody's id.
pub(crate) fn models(targets: &[Arc<Target>], by_id: &[bool], catalog: &Catalog) -> Names<Arc<[u32]>> {
    let mut slots: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
    let mut at_provider: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
    for (target, by_id) in targets.iter().zip(by_id) {
        let Target { slot, provider, model, upstream_name, .. } = &**target;
        if *by_id {
            slots.entry(model.clone()).or_default().push(*slot);
        }
        // An aggregator's own id may be spelled like another model's catalogue id: the id keeps its meaning.
        if upstream_name != model && catalog.model(upstream_name).is_none() {
            slots.entry(upstream_name.clone()).or_default().push(*slot);
        }
        at_provider.entry(format!("{}/{upstream_name}", provider.slug).into()).or_default().push(*slot);
    }
    for (name, found) in at_provider {
        if catalog.model(&name).is_none() {
            slots.entry(name).or_insert(found);
        }
    }
    slots.into_iter().map(|(name, slots)| (name, slots.into())).collect()
}

/// Every name that a route claims, the surest first: `namespace/name`, then names, then aliases. `routes` holds every
/// route in its order of precedence; one that could not be compiled is `None` and holds its names all the same, so that
/// none falls through to something that lacks its limits.
pub(crate) fn routes(
    routes: &[(&ModelRoute, Option<Arc<Route>>)],
    models: &Names<Arc<[u32]>>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Box<str>, Option<Arc<Route>>> {
    let mut taken: BTreeMap<Box<str>, usize> = BTreeMap::new();
    for (at, (route, _)) in routes.iter().enumerate() {
        taken.entry(full_name(&route.metadata).into()).or_insert(at);
    }
    for (at, (route, _)) in routes.iter().enumerate() {
        let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &route.metadata), problems);
        let name = name(&route.metadata);
        if let Some(owner) = claim(&mut taken, name, at) {
            let (owner, own) = (full_name(&routes[owner].0.metadata), full_name(&route.metadata));
            report
                .warning("metadata.name", format!("{name:?} means ModelRoute {owner} already: call this one {own:?}"));
        }
    }
    for (at, (route, _)) in routes.iter().enumerate() {
        let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &route.metadata), problems);
        for (index, alias) in route.spec.aliases.iter().enumerate() {
            if let Some(owner) = claim(&mut taken, alias, at) {
                let owner = full_name(&routes[owner].0.metadata);
                let reason = format!("{alias:?} means ModelRoute {owner} already: choose another alias or remove one");
                report.error(format!("spec.aliases[{index}]"), reason);
            } else if models.contains_key(alias.as_str()) {
                let reason = format!("{alias:?} is also a model: its requests are answered by this route");
                report.warning(format!("spec.aliases[{index}]"), reason);
            }
        }
    }
    for (at, (route, _)) in routes.iter().enumerate() {
        let name = name(&route.metadata);
        if models.contains_key(name) && taken.get(name) == Some(&at) {
            let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &route.metadata), problems);
            report
                .warning("metadata.name", format!("{name:?} is also a model: its requests are answered by this route"));
        }
    }
    taken.into_iter().map(|(name, at)| (name, routes[at].1.clone())).collect()
}

/// Takes `name` for the route at `at`, or answers which other one has it.
fn claim(taken: &mut BTreeMap<Box<str>, usize>, name: &str, at: usize) -> Option<usize> {
    let owner = *taken.entry(name.into()).or_insert(at);
    (owner != at).then_some(owner)
}
