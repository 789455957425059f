//! The translation, top to bottom.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_catalog::Catalog;
use outrigger_crd::{ModelProvider, ModelRoute};
use outrigger_route::{
    closed::{Closed, Forbidden},
    hash::Hash,
    snapshot::Snapshot,
    view::{Broken, FORBIDDEN_LISTED, Fleet, Header, Key, Kind as Part, View},
};
use serde::Serialize;

use crate::{
    access,
    limit::{self, Known, Limit},
    named::Named,
    names::{self, Claimant},
    problem::{Kind, ObjectRef, Problem, Report, full_name, namespace},
    provider::{self, Compiled},
    prune,
    route::{self, Around, Outcome},
    select,
    unserved::unserved,
    world::{Scope, World},
};

/// What the objects mean for `scope`, and everything that is wrong with them: the snapshot that requests are decided on,
/// with what the catalogue knows of models that nobody serves.
///
/// The same objects in any order give the same snapshot with the same revision, and the same problems in the same order.
pub fn compile(world: &World, catalog: &Catalog, scope: &Scope) -> (Snapshot, Vec<Problem>) {
    let (mut view, fleet, problems) = build(world, catalog, scope);
    view.revision = revision(&view, catalog);
    let mut snapshot = view.assemble_with(fleet);
    // Where only routes may be named, or nothing at all, one more provider would open no name.
    if snapshot.otherwise.is_none() {
        for (model, by) in unserved(catalog, &snapshot) {
            snapshot.closed.entry(model).or_insert(Closed::Unserved { by });
        }
    }
    (snapshot, problems)
}

/// What the objects mean for `scope`, as the parts that are sent. Its revision is left to whoever hashes what is sent.
pub fn view(world: &World, catalog: &Catalog, scope: &Scope) -> (View, Vec<Problem>) {
    let (view, _, problems) = build(world, catalog, scope);
    (view, problems)
}

/// Everything that is wrong with the objects, each judged among those of its own namespace: names of other namespaces'
/// routes are no conflict for a fleet, where nobody sees both.
pub fn problems(world: &World, catalog: &Catalog) -> Vec<Problem> {
    let mut all = of_policies(world);
    let routes = world.routes.iter().map(|it| namespace(&it.metadata));
    let homes: BTreeSet<&str> = world.providers.iter().map(|it| namespace(&it.metadata)).chain(routes).collect();
    for home in homes {
        let (_, found) = view(world, catalog, &Scope::Namespace(home.to_owned()));
        all.extend(found.into_iter().filter(|it| is_own(it, home)));
    }
    all
}

/// Everything that is wrong with the policies.
pub(crate) fn of_policies(world: &World) -> Vec<Problem> {
    let mut all = Vec::new();
    for policy in select::policies(world, &Scope::All) {
        limit::compile(policy, world, &mut Report::new(ObjectRef::new(Kind::ModelPolicy, &policy.metadata), &mut all));
    }
    all
}

/// Whether a problem is of an object of this namespace, which is told so there and nowhere else; policies are judged by
/// themselves.
pub(crate) fn is_own(problem: &Problem, home: &str) -> bool {
    problem.object.namespace == home && problem.object.kind != Kind::ModelPolicy
}

fn build(world: &World, catalog: &Catalog, scope: &Scope) -> (View, Fleet, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut view = View::default();
    let mut header = Header::default();

    let limits = limits(world, scope, &mut view, &mut header, &mut problems);
    header.limits = limit::hash(&limits);
    header.policies = limits.iter().map(|limit| (limit.name.clone(), limit.hash())).collect();
    if header.refused.is_some() {
        // What is not known to be allowed is not sent either. Whoever has an earlier view goes on with what of it the other
        // policies, the providers and the keys of today still let through: a broken limit loosens no other.
        let mut today = View::default();
        providers(world, catalog, scope, &limits, &mut today, &mut header, &mut problems);
        let broken = today.broken.keys().filter(|(kind, _)| *kind == Part::Provider);
        let mut alive: BTreeMap<Key, _> = broken.map(|(_, key)| (key.clone(), None)).collect();
        // Whom nobody is trusted to be is as gone as its certificates are.
        today.credentials.retain(|key, _| today.providers.get(key).is_none_or(|it| it.provider.is_known()));
        alive.extend(today.credentials.into_iter().map(|(key, keys)| (key, Some(keys))));
        header.forbidden.clear();
        let view = View { header: header.into(), alive, ..View::default() };
        return (view, Fleet::default(), problems);
    }
    let without = providers(world, catalog, scope, &limits, &mut view, &mut header, &mut problems);
    let mut fleet = Fleet::new(&view.providers, &view.credentials);
    routes(world, catalog, scope, &fleet, &without, &mut view, &mut header, &mut problems);
    if limits.iter().any(|limit| limit.part().bare_models_denied) && prune::unreachable(&mut view) {
        fleet = Fleet::new(&view.providers, &view.credentials);
    }
    header.forbidden_more = u32::try_from(header.forbidden.len().saturating_sub(FORBIDDEN_LISTED)).unwrap_or(u32::MAX);
    header.forbidden.truncate(FORBIDDEN_LISTED);
    view.header = header.into();
    (view, fleet, problems)
}

/// The policies that hold. One that is not understood refuses everything: what it would forbid is not known.
fn limits(
    world: &World,
    scope: &Scope,
    view: &mut View,
    header: &mut Header,
    problems: &mut Vec<Problem>,
) -> Vec<Limit> {
    let mut limits = Vec::new();
    let mut refuse = |object: &ObjectRef, reason: String| {
        let reason = told(reason, &object.namespace, scope);
        let closed = Closed::Broken { object: object.to_string().into(), reason: reason.into() };
        header.refused.get_or_insert(closed);
    };
    for object in select::policies(world, scope) {
        let reference = ObjectRef::new(Kind::ModelPolicy, &object.metadata);
        let mut report = Report::new(reference.clone(), problems);
        match limit::compile(object, world, &mut report) {
            Some(limit) => {
                view.policies.insert(limit.name.clone(), limit.part().into());
                limits.push(limit);
            }
            None => refuse(&reference, report.why()),
        }
    }
    for unread in world.unreadable.iter().filter(|unread| unread.object.kind == Kind::ModelPolicy) {
        let near = |home| unread.object.namespace == home || unread.object.namespace == world.system_namespace;
        if scope.namespace().is_none_or(near) {
            refuse(&unread.object, unread.reason.clone());
        }
    }
    limits
}

/// The providers of the scope, without what policy forbids of them. Answers which are whole and cannot be used.
fn providers(
    world: &World,
    catalog: &Catalog,
    scope: &Scope,
    limits: &[Limit],
    view: &mut View,
    header: &mut Header,
    problems: &mut Vec<Problem>,
) -> BTreeSet<Key> {
    let named = Named::of(world);
    let mut objects: Vec<&ModelProvider> = world
        .providers
        .iter()
        .filter(|object| access::visible(object, scope, world) || !access::is_sound(object))
        .collect();
    objects.sort_by_cached_key(|object| full_name(&object.metadata));
    let mut without = BTreeSet::new();
    for object in objects {
        let key: Key = full_name(&object.metadata).into();
        let home = namespace(&object.metadata);
        let own = scope.namespace().is_none_or(|scope| scope == home);
        let mut elsewhere = Vec::new();
        let into = if own || access::visible(object, scope, world) { &mut *problems } else { &mut elsewhere };
        let mut report = Report::new(ObjectRef::new(Kind::ModelProvider, &object.metadata), into);
        let Some(Compiled { mut offering, credentials }) = provider::compile(object, catalog, &named, &mut report)
        else {
            let reason = told(report.why(), home, scope);
            view.broken.insert((Part::Provider, key), broken(&object.spec, Vec::new(), reason).into());
            continue;
        };
        let preset = object.spec.preset.is_some() && object.spec.base_url.is_none();
        let provider = &offering.provider;
        offering.offers.retain(|offer| {
            let listed = object.spec.preset.as_deref().and_then(|slug| catalog.offer(slug, &offer.upstream_name));
            let model =
                listed.map(|it| it.model.as_str()).or(catalog.model(&offer.upstream_name).map(|it| it.id.as_str()));
            let known = Known { preset, model };
            let found = limits.iter().find_map(|limit| Some((limit, limit.forbids(provider, offer, &known)?)));
            if let Some((limit, rule)) = found {
                header.forbidden.push(Forbidden {
                    provider: key.clone(),
                    model: offer.model.clone(),
                    upstream_name: offer.upstream_name.clone(),
                    policy: limit.name.clone(),
                    rule: rule.into(),
                });
            }
            found.is_none()
        });
        let keyed = !credentials.is_empty() || offering.provider.auth == outrigger_wire::AuthScheme::None;
        if offering.offers.is_empty() || !keyed || !offering.provider.is_known() {
            without.insert(key.clone());
        }
        // Where nothing of it may be used, neither its address nor its key is anybody's business.
        if !offering.offers.is_empty() {
            view.providers.insert(key.clone(), offering.into());
            view.credentials.insert(key, credentials.into());
        }
    }
    for unread in world.unreadable.iter().filter(|unread| unread.object.kind == Kind::ModelProvider) {
        // Whom it allows cannot be read, so whoever had it keeps it.
        let reason = told(unread.reason.clone(), &unread.object.namespace, scope);
        let part = broken(&reason, Vec::new(), reason.clone());
        view.broken.insert((Part::Provider, unread.object.full_name().into()), part.into());
    }
    without
}

/// The routes of the scope with their names, and the names of those that are for others.
#[allow(clippy::too_many_arguments, reason = "one step of one function, which would be too long")]
fn routes(
    world: &World,
    catalog: &Catalog,
    scope: &Scope,
    fleet: &Fleet,
    without: &BTreeSet<Key>,
    view: &mut View,
    header: &mut Header,
    problems: &mut Vec<Problem>,
) {
    let claimants = in_order(world, scope);
    let forbidden = &header.forbidden;
    let around = Around { fleet, without, forbidden, world, scope, catalog };
    let outcomes: Vec<Option<Outcome>> = claimants
        .iter()
        .map(|Claimant { route, selects }| {
            let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &route.metadata), problems);
            selects.then(|| route::compile(route, &around, &mut report))
        })
        .collect();
    let models = fleet.models();
    let mut named: BTreeMap<usize, Vec<Box<str>>> = BTreeMap::new();
    for (name, at) in names::claim(&claimants, |name| models.contains_key(name), problems) {
        named.entry(at).or_default().push(name);
    }
    for (at, (Claimant { route, .. }, outcome)) in claimants.iter().zip(outcomes).enumerate() {
        let names = named.remove(&at).unwrap_or_default();
        let key: Key = full_name(&route.metadata).into();
        match outcome {
            Some(Outcome::Whole(mut part)) => {
                part.names = names;
                view.routes.insert(key, (*part).into());
            }
            Some(Outcome::Broken(reason)) => {
                view.broken.insert((Part::Route, key), broken(&route.spec, names, reason).into());
            }
            None => {
                let why = Closed::NotForWorkload { route: key };
                header.closed.extend(names.into_iter().map(|name| (name, why.clone())));
            }
        }
    }
    header.closed.sort_by(|(left, _), (right, _)| left.cmp(right));
    for unread in world.unreadable.iter().filter(|unread| unread.object.kind == Kind::ModelRoute) {
        let ObjectRef { namespace, name, .. } = &unread.object;
        if scope.namespace().is_none_or(|home| home == namespace) {
            let full: Key = unread.object.full_name().into();
            let taken = |name: &str| view.routes.values().any(|part| part.names.iter().any(|it| **it == *name));
            let own = [&*full, name].into_iter().chain(unread.aliases.iter().map(String::as_str));
            let names = own.filter(|name| !taken(name)).map(Into::into).collect();
            view.broken.insert((Part::Route, full), broken(&unread.reason, names, unread.reason.clone()).into());
        }
    }
}

/// The routes of the scope, in order of precedence: the older first, as Gateway API settles conflicts, then by name.
fn in_order<'a>(world: &'a World, scope: &Scope) -> Vec<Claimant<'a>> {
    let visible = |route: &&ModelRoute| scope.namespace().is_none_or(|home| namespace(&route.metadata) == home);
    let mut routes: Vec<&ModelRoute> = world.routes.iter().filter(visible).collect();
    routes.sort_by_cached_key(|route| {
        let created = route.metadata.creation_timestamp.as_ref().map(|created| created.0.to_string());
        // One whose selector means nothing is for everybody, and takes no name from those that mean something.
        (!select::is_sound(route.spec.workloads.as_ref()), created.is_none(), created, full_name(&route.metadata))
    });
    routes.into_iter().map(|route| Claimant { route, selects: select::is_for(route, scope) }).collect()
}

/// What is wrong with an object is its own namespace's business.
fn told(reason: String, home: &str, scope: &Scope) -> String {
    match scope.namespace() {
        Some(scope) if scope != home => "it cannot be understood; its own namespace is told why".to_owned(),
        _ => reason,
    }
}

fn broken(spec: &impl Serialize, names: Vec<Box<str>>, reason: String) -> Broken {
    let spec = Hash::new().part(serde_json::to_vec(spec).unwrap_or_default()).hex();
    Broken { names, spec: spec.into(), reason: reason.into() }
}

/// Hash of what was compiled, in its fixed order; keys enter through the hashes that identify them. `Debug` is the
/// canonical form because it holds every field, a new one included, and no key.
pub(crate) fn revision(view: &View, catalog: &Catalog) -> Box<str> {
    let View { revision: _, providers, credentials, routes, policies, broken, alive: _, header } = view;
    let mut hash = Hash::new().part(catalog.version());
    hash = providers.iter().fold(hash, |hash, part| hash.part(format!("{part:?}")));
    let keys = credentials.values().flat_map(|keys| keys.iter());
    hash = keys.fold(hash, |hash, key| hash.part(key.id.to_le_bytes()).part(format!("{key:?}")));
    hash.part(format!("{routes:?}{policies:?}{broken:?}{header:?}")).hex()[..16].into()
}
