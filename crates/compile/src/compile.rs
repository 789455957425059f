//! The translation, top to bottom.

use std::{collections::BTreeMap, sync::Arc};

use outrigger_catalog::Catalog;
use outrigger_crd::{ModelProvider, ModelRoute};
use outrigger_route::snapshot::{Snapshot, Target};

use crate::{
    access,
    credential::Secrets,
    hash::Hash,
    names,
    problem::{Kind, ObjectRef, Problem, Report, full_name, name, namespace},
    provider::{self, Compiled},
    route::{self, Fleet},
    served::Served,
    unserved::unserved,
    world::{View, World},
};

/// What the objects mean for `view`, and everything that is wrong with them.
///
/// The same objects in any order give the same snapshot with the same revision, and the same problems in the same order.
pub fn compile(world: &World, catalog: &Catalog, view: &View) -> (Snapshot, Vec<Problem>) {
    let mut problems = Vec::new();
    let secrets: Secrets<'_> =
        world.secrets.iter().map(|it| ((namespace(&it.metadata), name(&it.metadata)), it)).collect();

    let mut objects: Vec<&ModelProvider> =
        world.providers.iter().filter(|object| access::visible(object, view, world)).collect();
    objects.sort_by_cached_key(|object| full_name(&object.metadata));
    let mut providers = Vec::new();
    for object in objects {
        let mut report = Report::new(ObjectRef::new(Kind::ModelProvider, &object.metadata), &mut problems);
        providers.extend(provider::compile(object, catalog, &secrets, &mut report));
    }

    let (targets, by_id) = targets(&providers);
    let mut models = names::models(&targets, &by_id, catalog);
    let mut unserved = unserved(catalog, &targets, &models);

    let fleet = Fleet { providers: &providers, targets: &targets, by_id: &by_id, world, catalog };
    let mut routes = Vec::new();
    for object in in_order(world, view) {
        let mut report = Report::new(ObjectRef::new(Kind::ModelRoute, &object.metadata), &mut problems);
        routes.push((object, route::compile(object, &fleet, &mut report).map(Arc::new)));
    }
    let revision = revision(catalog, &targets, &routes);
    let mut named = BTreeMap::new();
    for (name, route) in names::routes(&routes, &models, &mut problems) {
        match route {
            Some(route) => drop(named.insert(name, route)),
            // Falling through to the bare model would drop the limits that the route was written for.
            None if models.remove(&name).is_some() => {
                let why = "a ModelRoute of this name, which has problems and is left out";
                unserved.insert(name, why.into());
            }
            None => {}
        }
    }

    let snapshot = Snapshot {
        revision: revision.to_string().into(),
        targets,
        models,
        routes: named.into_iter().collect(),
        direct: Arc::default(),
        unserved,
    };
    (snapshot, problems)
}

/// The routes of the view, in order of precedence: the older first, as Gateway API settles conflicts, then by name.
fn in_order<'a>(world: &'a World, view: &View) -> Vec<&'a ModelRoute> {
    let visible = |route: &&ModelRoute| match view {
        View::All => true,
        View::Namespace(home) => namespace(&route.metadata) == home,
    };
    let mut routes: Vec<&ModelRoute> = world.routes.iter().filter(visible).collect();
    routes.sort_by_cached_key(|route| {
        let created = route.metadata.creation_timestamp.as_ref().map(|created| created.0.to_string());
        (created.is_none(), created, full_name(&route.metadata))
    });
    routes
}

fn targets(providers: &[Compiled<'_>]) -> (Vec<Arc<Target>>, Vec<bool>) {
    let mut targets = Vec::new();
    let mut ids = Vec::new();
    for Compiled { provider, served, .. } in providers {
        for served in served {
            let Served {
                model,
                upstream_name,
                operations,
                quantization,
                prices,
                context_length,
                max_output,
                input_modalities,
                parameters,
                by_id,
            } = served;
            let id = Hash::new().part(&*provider.name).part(&**model).part(&**upstream_name).part(&*provider.base_url);
            ids.push(*by_id);
            targets.push(Arc::new(Target {
                slot: u32::try_from(targets.len()).unwrap_or(u32::MAX),
                id: id.finish(),
                provider: provider.clone(),
                model: model.clone(),
                upstream_name: upstream_name.clone(),
                operations: *operations,
                quantization: *quantization,
                prices: prices.clone(),
                context_length: *context_length,
                max_output: *max_output,
                input_modalities: *input_modalities,
                parameters: *parameters,
            }));
        }
    }
    (targets, ids)
}

/// Hash of what was compiled, in its fixed order; keys enter through the hashes that identify them. `Debug` is the
/// canonical form because it holds every field, a new one included, and no key.
fn revision(
    catalog: &Catalog,
    targets: &[Arc<Target>],
    routes: &[(&ModelRoute, Option<Arc<outrigger_route::snapshot::Route>>)],
) -> Hash {
    let mut hash = Hash::new().part(catalog.version());
    let mut last: Option<&Target> = None;
    for target in targets {
        // Each provider once: spelled out for every one of its models it would be most of the work.
        if last.is_none_or(|last| !Arc::ptr_eq(&last.provider, &target.provider)) {
            hash = hash.part(format!("{:?}", target.provider));
            hash = target.provider.credentials.iter().fold(hash, |hash, key| hash.part(key.id.to_le_bytes()));
        }
        // Without `..`: a new field must be hashed too. The id covers provider, model and upstream name.
        let Target {
            slot: _,
            id,
            provider: _,
            model: _,
            upstream_name: _,
            operations,
            quantization,
            prices,
            context_length,
            max_output,
            input_modalities,
            parameters,
        } = &**target;
        let rest = (operations, quantization, prices, context_length, max_output, input_modalities, parameters);
        hash = hash.part(id.to_le_bytes()).part(format!("{rest:?}"));
        last = Some(target);
    }
    for (object, route) in routes {
        hash = hash.part(full_name(&object.metadata)).part(format!("{:?}{route:?}", object.spec.aliases));
    }
    hash
}
