//! One `ModelRoute` into the part of a view.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use outrigger_catalog::Catalog;
use outrigger_crd::{
    ModelProvider, ModelRoute,
    route::{MessageContent, ModelRouteSpec, ParameterEdits, Target as Declared},
};
use outrigger_route::{
    closed::Forbidden,
    snapshot::Route,
    view::{Fleet, Key, Line, Providers, RoutePart},
};

use crate::{
    access,
    check::{callable, did_you_mean, once},
    policy,
    problem::{Cause, Kind, Report, Severity, full_name, namespace},
    select,
    world::{Scope, World},
};

/// What a route's targets can mean.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    /// The providers of the scope that are whole, by name, with what policy leaves of them.
    pub(crate) fleet: &'a Fleet,
    /// Providers that are there and whole, of which policy leaves nothing or whose keys are not there.
    pub(crate) without: &'a BTreeSet<Key>,
    /// What policy took away.
    pub(crate) forbidden: &'a [Forbidden],
    pub(crate) world: &'a World,
    pub(crate) scope: &'a Scope,
    pub(crate) catalog: &'a Catalog,
}

/// What became of a route.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It means something, if only names of what is not there.
    Whole(Box<RoutePart>),
    /// It cannot be meant as it stands.
    Broken(String),
}

/// Fields that decide how a request is handled here and so cannot be edited per target.
const FIXED: [&str; 7] = ["model", "models", "stream", "provider", "route", "fallbacks", "preset"];

/// A route without its names. A mistake in its limits breaks it; a target that cannot be resolved leaves the others, and
/// breaks it only where none is left by the route's own fault.
pub(crate) fn compile(object: &ModelRoute, around: &Around<'_>, report: &mut Report<'_>) -> Outcome {
    let ModelRouteSpec { workloads, aliases, targets, strategy, constraints, failover, timeouts, stickiness, tracing } =
        &object.spec;
    let before = report.errors();
    select::check(workloads.as_ref(), report);
    for (at, alias) in aliases.iter().enumerate() {
        if let Err(reason) = callable(alias) {
            report.error(format!("spec.aliases[{at}]"), reason);
        }
    }
    once(Some(aliases), "spec.aliases", report);
    let route = Route {
        name: full_name(&object.metadata).into(),
        targets: Vec::new(),
        strategy: policy::strategy(*strategy),
        constraints: policy::constraints(constraints.as_ref(), report),
        failover: policy::failover(failover.as_ref(), report),
        timeouts: policy::timeouts(timeouts.as_ref(), report),
        stickiness: policy::stickiness(stickiness.as_ref(), report),
        traces_content: tracing.as_ref().is_some_and(|it| it.message_content == MessageContent::Recorded),
    };
    let home = namespace(&object.metadata);
    let mut lines = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        let parameters = parameters(target.parameters.as_ref(), &format!("spec.targets[{at}].parameters"), report);
        lines.push(Line {
            providers: providers(target, home, around),
            model: target.model.as_str().into(),
            priority: target.priority,
            weight: target.weight,
            parameters,
        });
    }
    if targets.is_empty() {
        report.error("spec.targets", "is empty: name at least one model");
    } else if targets.iter().all(|target| target.weight == 0) {
        report.error("spec.targets", "every target has weight 0: give at least one a share");
    }
    if report.errors() > before {
        return Outcome::Broken(report.why());
    }
    let part = Box::new(RoutePart { names: Vec::new(), route, lines });

    // From here on a mistake costs one target, not the route.
    let (mut used, mut own_fault, mut denied) = (HashSet::new(), None, false);
    for (at, (declared, line)) in targets.iter().zip(&part.lines).enumerate() {
        let field = format!("spec.targets[{at}]");
        match resolve(declared, line, home, around) {
            Ok(slots) => {
                let before = used.len();
                used.extend(slots);
                if used.len() == before {
                    report.warning(field, "is among the targets above already, so it changes nothing");
                }
            }
            Err(Unresolved { part, reason, severity, cause }) => {
                let field = format!("{field}.{part}");
                match severity {
                    Severity::Error => own_fault = own_fault.or_else(|| Some(format!("{field}: {reason}"))),
                    Severity::Denied => denied = true,
                    Severity::Warning => {}
                }
                report.of(cause, severity, field, reason);
            }
        }
    }
    if used.is_empty() {
        let reason = "none of them can be used, so the route is left out";
        match denied {
            true => report.denied("spec.targets", reason),
            false => report.of(Cause::RefNotFound, Severity::Error, "spec.targets", reason),
        }
        if let Some(reason) = own_fault.filter(|_| !denied) {
            return Outcome::Broken(reason);
        }
    }
    Outcome::Whole(part)
}

/// Whom a target means. Within one namespace "every provider" stays a word, since what a pod of it may see are the
/// providers that it may use; where everything is seen at once it is spelled out.
fn providers(declared: &Declared, home: &str, around: &Around<'_>) -> Providers {
    match &declared.provider {
        Some(reference) => Providers::These(vec![full(reference, home).into()]),
        None if around.scope.namespace().is_some() => Providers::Any,
        None => {
            let mine = around.world.providers.iter().filter(|object| access::allows(object, home, around.world));
            let mut names: Vec<Key> = mine.map(|object| full_name(&object.metadata).into()).collect();
            names.sort_unstable();
            Providers::These(names)
        }
    }
}

fn full(reference: &str, home: &str) -> String {
    if reference.contains('/') { reference.to_owned() } else { format!("{home}/{reference}") }
}

/// Why a target means nothing.
struct Unresolved {
    part: &'static str,
    reason: String,
    /// A warning where the fault is the provider's, which says so itself.
    severity: Severity,
    cause: Cause,
}

fn resolve(declared: &Declared, line: &Line, home: &str, around: &Around<'_>) -> Result<Vec<u32>, Unresolved> {
    let Around { fleet, without, forbidden, world, catalog, .. } = around;
    let model = &declared.model;
    let because = |cause, severity, part, reason: String| Unresolved { part, reason, severity, cause };
    let missing = |part, reason| because(Cause::RefNotFound, Severity::Error, part, reason);
    let denied = |part, reason| because(Cause::RefNotPermitted, Severity::Denied, part, reason);
    // The fault is the provider's, which says so itself.
    let unusable = |reason| because(Cause::RefNotFound, Severity::Warning, "provider", reason);
    callable(model).map_err(|reason| because(Cause::Spec, Severity::Error, "model", reason))?;
    let found = fleet.line(line);
    let lost = || forbidden.iter().find(|it| line.means(it));
    let Some(reference) = &declared.provider else {
        if !found.is_empty() {
            return Ok(found);
        }
        if let Some(lost) = lost() {
            return Err(denied("model", format!("no provider that may be used serves it: {}", by(lost))));
        }
        let serving = |object: &&ModelProvider| !fleet.slots(&full_name(&object.metadata), model).is_empty();
        let elsewhere: Vec<String> =
            world.providers.iter().filter(serving).map(|object| full_name(&object.metadata)).collect();
        let known = fleet.targets.iter().map(|target| &*target.model).collect::<HashSet<_>>();
        let why = match (elsewhere.is_empty(), catalog.model(model)) {
            (false, _) => format!("; {} would, but does not allow namespace {home:?}", elsewhere.join(", ")),
            (true, Some(_)) => "; add a ModelProvider that does".to_owned(),
            (true, None) => {
                let near = did_you_mean(model, known);
                if near.is_empty() { did_you_mean(model, catalog.nearest(model, 3)) } else { near }
            }
        };
        let reason = format!("no provider serves it{why}");
        return Err(if elsewhere.is_empty() { missing("model", reason) } else { denied("model", reason) });
    };

    let full = full(reference, home);
    let Some(object) = world.providers.iter().find(|object| full_name(&object.metadata) == full) else {
        if world.unreadable.iter().any(|it| it.object.kind == Kind::ModelProvider && it.object.full_name() == full) {
            return Err(unusable(format!("ModelProvider {full} cannot be read; its own problems say why")));
        }
        // Only those it may use: the names in other namespaces are not its business.
        let mine = world.providers.iter().filter(|object| access::allows(object, home, world));
        let all: Vec<String> = mine.map(|object| full_name(&object.metadata)).collect();
        let near = did_you_mean(&full, all.iter().map(String::as_str));
        return Err(missing("provider", format!("there is no ModelProvider of this name{near}")));
    };
    if !access::allows(object, home, world) {
        let reason = format!("ModelProvider {full} does not allow namespace {home:?}: see its spec.allowedNamespaces");
        return Err(denied("provider", reason));
    }
    if found.is_empty()
        && let Some(lost) = lost()
    {
        return Err(denied("provider", format!("policy forbids it: {}", by(lost))));
    }
    if !fleet.has(&full) {
        let reason = match without.contains(full.as_str()) {
            true => format!("nothing of ModelProvider {full} can be used; its own problems, or policy, say why"),
            false => format!("ModelProvider {full} cannot be used; its own problems say why"),
        };
        return Err(unusable(reason));
    }
    if found.is_empty() {
        let models = fleet.at(&full).iter().map(|target| &*target.model);
        let near = did_you_mean(model, models);
        return Err(missing("model", format!("ModelProvider {full} does not serve it{near}")));
    }
    Ok(found)
}

/// Who took it away. Not what it is called: that is what a spec says.
fn by(Forbidden { provider, model: _, upstream_name: _, policy, rule }: &Forbidden) -> String {
    format!("at {provider} by ModelPolicy {policy} ({rule})")
}

type Edits = Arc<[(Box<str>, Option<Box<str>>)]>;

fn parameters(declared: Option<&ParameterEdits>, field: &str, report: &mut Report<'_>) -> Edits {
    let Some(ParameterEdits { set, remove }) = declared else { return Edits::default() };
    for name in set.keys().chain(remove).filter(|name| FIXED.contains(&name.as_str())) {
        report.error(field, format!("{name:?} cannot be changed per target"));
    }
    once(Some(remove), &format!("{field}.remove"), report);
    for _ in remove.iter().filter(|name| set.contains_key(*name)) {
        report.error(field, "sets and removes one parameter: keep one");
    }
    let set = set.iter().map(|(name, value)| (name.as_str().into(), Some(value.to_string().into())));
    set.chain(remove.iter().map(|name| (name.as_str().into(), None))).collect()
}
