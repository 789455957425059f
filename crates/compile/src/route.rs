//! One `ModelRoute` into a [`Route`].

use std::{collections::HashSet, sync::Arc};

use outrigger_catalog::Catalog;
use outrigger_crd::{
    ModelRoute,
    route::{ModelRouteSpec, ParameterEdits, Target as Declared},
};
use outrigger_route::snapshot::{Route, RouteTarget, Target};

use crate::{
    access,
    check::{callable, did_you_mean},
    policy,
    problem::{Report, Severity, full_name, namespace},
    provider::Compiled,
    world::World,
};

/// The providers that can be called, and their targets.
#[derive(Debug)]
pub(crate) struct Fleet<'a> {
    pub(crate) providers: &'a [Compiled<'a>],
    pub(crate) targets: &'a [Arc<Target>],
    /// Whether a target is what its model's id means, by slot.
    pub(crate) by_id: &'a [bool],
    pub(crate) world: &'a World,
    pub(crate) catalog: &'a Catalog,
}

/// Fields that decide how a request is handled here and so cannot be edited per target.
const FIXED: [&str; 3] = ["model", "models", "stream"];

/// `None` if it can answer nothing, or if one of its limits is not understood; then `report` says why.
pub(crate) fn compile(object: &ModelRoute, fleet: &Fleet<'_>, report: &mut Report<'_>) -> Option<Route> {
    let ModelRouteSpec { aliases, targets, strategy, constraints, failover, timeouts, stickiness } = &object.spec;
    let before = report.errors();
    for (at, alias) in aliases.iter().enumerate() {
        if let Err(reason) = callable(alias) {
            report.error(format!("spec.aliases[{at}]"), reason);
        }
    }
    let mut route = Route {
        name: full_name(&object.metadata).into(),
        targets: Vec::new(),
        strategy: policy::strategy(*strategy),
        constraints: policy::constraints(constraints.as_ref(), report),
        failover: policy::failover(failover.as_ref(), report),
        timeouts: policy::timeouts(timeouts.as_ref(), report),
        stickiness: policy::stickiness(stickiness.as_ref(), report),
    };
    let mut edits = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        edits.push(parameters(target.parameters.as_ref(), &format!("spec.targets[{at}].parameters"), report));
    }
    if targets.is_empty() {
        report.error("spec.targets", "is empty: name at least one model");
    }
    if report.errors() > before {
        return None;
    }

    // From here on a mistake costs one target, not the route.
    let home = namespace(&object.metadata);
    let mut used = HashSet::new();
    let mut denied = false;
    for (at, (declared, edits)) in targets.iter().zip(edits).enumerate() {
        let field = format!("spec.targets[{at}]");
        let slots = match resolve(declared, home, fleet) {
            Ok(slots) => slots,
            Err(Unresolved { part, reason, severity }) => {
                let field = format!("{field}.{part}");
                denied |= severity == Severity::Denied;
                match severity {
                    Severity::Error => report.error(field, reason),
                    Severity::Denied => report.denied(field, reason),
                    Severity::Warning => report.warning(field, reason),
                }
                continue;
            }
        };
        let fresh: Vec<u32> = slots.into_iter().filter(|slot| used.insert(*slot)).collect();
        if fresh.is_empty() {
            report.warning(field, "is among the targets above already, so it changes nothing");
        }
        route.targets.extend(fresh.into_iter().map(|slot| RouteTarget {
            slot,
            priority: declared.priority,
            weight: declared.weight,
            parameters: edits.clone(),
        }));
    }
    if route.targets.is_empty() {
        let reason = "none of them can be used, so the route is left out";
        if denied {
            report.denied("spec.targets", reason)
        } else {
            report.error("spec.targets", reason)
        }
        return None;
    }
    if route.targets.iter().all(|target| target.weight == 0) {
        report.error("spec.targets", "every target has weight 0: give at least one a share");
        return None;
    }
    Some(route)
}

/// Why a target means nothing.
struct Unresolved {
    part: &'static str,
    reason: String,
    /// A warning where the fault is the provider's, which says so itself.
    severity: Severity,
}

fn resolve(declared: &Declared, home: &str, fleet: &Fleet<'_>) -> Result<Vec<u32>, Unresolved> {
    let model = &declared.model;
    let bad = |part, reason: String| Unresolved { part, reason, severity: Severity::Error };
    callable(model).map_err(|reason| bad("model", reason))?;
    let serving = |compiled: &Compiled<'_>| slots(compiled, model, fleet);
    let Some(reference) = &declared.provider else {
        let mine = fleet.providers.iter().filter(|compiled| access::allows(compiled.object, home, fleet.world));
        let found: Vec<u32> = mine.flat_map(serving).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let elsewhere: Vec<&str> =
            fleet.providers.iter().filter(|it| !serving(it).is_empty()).map(|it| &*it.provider.name).collect();
        let known = fleet.targets.iter().map(|target| &*target.model).collect::<HashSet<_>>();
        let why = match (elsewhere.is_empty(), fleet.catalog.model(model)) {
            (false, _) => format!("; {} would, but does not allow namespace {home:?}", elsewhere.join(", ")),
            (true, Some(_)) => "; add a ModelProvider that does".to_owned(),
            (true, None) => {
                let near = did_you_mean(model, known);
                if near.is_empty() { did_you_mean(model, fleet.catalog.nearest(model, 3)) } else { near }
            }
        };
        let severity = if elsewhere.is_empty() { Severity::Error } else { Severity::Denied };
        return Err(Unresolved { part: "model", reason: format!("no provider serves {model:?}{why}"), severity });
    };

    let full = if reference.contains('/') { reference.clone() } else { format!("{home}/{reference}") };
    let Some(object) = fleet.world.providers.iter().find(|object| full_name(&object.metadata) == full) else {
        // Only those it may use: the names in other namespaces are not its business.
        let mine = fleet.world.providers.iter().filter(|object| access::allows(object, home, fleet.world));
        let all: Vec<String> = mine.map(|object| full_name(&object.metadata)).collect();
        let near = did_you_mean(&full, all.iter().map(String::as_str));
        return Err(bad("provider", format!("there is no ModelProvider {full}{near}")));
    };
    if !access::allows(object, home, fleet.world) {
        let reason = format!("ModelProvider {full} does not allow namespace {home:?}: see its spec.allowedNamespaces");
        return Err(Unresolved { part: "provider", reason, severity: Severity::Denied });
    }
    let Some(compiled) = fleet.providers.iter().find(|compiled| *compiled.provider.name == *full) else {
        let reason = format!("ModelProvider {full} cannot be used; its own problems say why");
        return Err(Unresolved { part: "provider", reason, severity: Severity::Warning });
    };
    match slots(compiled, model, fleet) {
        found if found.is_empty() => {
            let models = compiled.served.iter().map(|served| &*served.model);
            Err(bad("model", format!("ModelProvider {full} does not serve {model:?}{}", did_you_mean(model, models))))
        }
        found => Ok(found),
    }
}

/// What `model` means at one provider: its id first, else the vendor's own name.
fn slots(compiled: &Compiled<'_>, model: &str, fleet: &Fleet<'_>) -> Vec<u32> {
    // Targets stand in the order of their providers' names, so a provider's own are one run.
    let from = fleet.targets.partition_point(|target| target.provider.name < compiled.provider.name);
    let mine = || fleet.targets[from..].iter().take(compiled.served.len());
    let by_id = |target: &&Arc<Target>| *target.model == *model && fleet.by_id[target.slot as usize];
    let ids: Vec<u32> = mine().filter(by_id).map(|target| target.slot).collect();
    if !ids.is_empty() {
        return ids;
    }
    mine().filter(|target| *target.upstream_name == *model).map(|target| target.slot).collect()
}

type Edits = Arc<[(Box<str>, Option<Box<str>>)]>;

fn parameters(declared: Option<&ParameterEdits>, field: &str, report: &mut Report<'_>) -> Edits {
    let Some(ParameterEdits { set, remove }) = declared else { return Edits::default() };
    for name in set.keys().chain(remove).filter(|name| FIXED.contains(&name.as_str())) {
        report.error(field, format!("{name:?} cannot be changed per target"));
    }
    for name in remove.iter().filter(|name| set.contains_key(*name)) {
        report.error(field, format!("{name:?} is both set and removed: keep one"));
    }
    let set = set.iter().map(|(name, value)| (name.as_str().into(), Some(value.to_string().into())));
    set.chain(remove.iter().map(|name| (name.as_str().into(), None))).collect()
}
