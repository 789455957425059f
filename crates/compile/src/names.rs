//! Who answers to which name.

use std::collections::BTreeMap;

use outrigger_crd::ModelRoute;

use crate::problem::{Cause, Kind, ObjectRef, Problem, Report, Severity, full_name, name};

/// A route in its order of precedence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claimant<'a> {
    pub(crate) route: &'a ModelRoute,
    /// Whether it is for the workloads of the scope. One that is not claims what nobody else does, without a word.
    pub(crate) selects: bool,
}

/// Every name that a route claims, the surest first: `namespace/name`, then names, then aliases. A route that is broken
/// holds its names all the same, so that none falls through to something that lacks its limits. Answers which route has
/// each name.
pub(crate) fn claim(
    routes: &[Claimant<'_>],
    is_model: impl Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Box<str>, usize> {
    let mut taken: BTreeMap<Box<str>, usize> = BTreeMap::new();
    let own = || routes.iter().enumerate().filter(|(_, claimant)| claimant.selects).map(|(at, it)| (at, it.route));
    for (at, route) in own() {
        taken.entry(full_name(&route.metadata).into()).or_insert(at);
    }
    for (at, route) in own() {
        let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &route.metadata), problems);
        let name = name(&route.metadata);
        if let Some(owner) = take(&mut taken, name, at) {
            let (owner, own) = (full_name(&routes[owner].route.metadata), full_name(&route.metadata));
            report
                .warning("metadata.name", format!("{name:?} means ModelRoute {owner} already: call this one {own:?}"));
        }
    }
    for (at, route) in own() {
        let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &route.metadata), problems);
        for (index, alias) in route.spec.aliases.iter().enumerate() {
            if let Some(owner) = take(&mut taken, alias, at) {
                let owner = full_name(&routes[owner].route.metadata);
                let reason = format!("means ModelRoute {owner} already: choose another alias or remove one");
                report.of(Cause::Conflict, Severity::Error, format!("spec.aliases[{index}]"), reason);
            } else if is_model(alias) {
                let reason = "is also a model: its requests are answered by this route";
                report.warning(format!("spec.aliases[{index}]"), reason);
            }
        }
    }
    for (at, route) in own() {
        let name = name(&route.metadata);
        if is_model(name) && taken.get(name) == Some(&at) {
            let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &route.metadata), problems);
            report
                .warning("metadata.name", format!("{name:?} is also a model: its requests are answered by this route"));
        }
    }
    for (at, Claimant { route, .. }) in routes.iter().enumerate().filter(|(_, claimant)| !claimant.selects) {
        let (full, short) = (full_name(&route.metadata), name(&route.metadata));
        for name in [full.as_str(), short].into_iter().chain(route.spec.aliases.iter().map(String::as_str)) {
            taken.entry(name.into()).or_insert(at);
        }
    }
    taken
}

/// Takes `name` for the route at `at`, or answers which other one has it.
fn take(taken: &mut BTreeMap<Box<str>, usize>, name: &str, at: usize) -> Option<usize> {
    let owner = *taken.entry(name.into()).or_insert(at);
    (owner != at).then_some(owner)
}
