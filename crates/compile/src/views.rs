//! The views of a fleet: each distinct one compiled once and shared (R-CFG-1), and an edit compiles again only those whose
//! objects it touched.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use outrigger_catalog::Catalog;
use outrigger_crd::ModelProvider;
use outrigger_route::View;

use crate::{
    access,
    compile::view,
    named,
    problem::{Kind, ObjectRef, Problem, full_name, name, namespace},
    world::{Scope, Selection, World},
};

/// A view and what is wrong with the objects it was made of.
#[derive(Debug)]
pub struct Compiled {
    /// What its workloads may see.
    pub view: View,
    /// Problems of its objects, as seen from there.
    pub problems: Vec<Problem>,
}

/// The views in use, each as the `T` that was made of it: the view itself is not kept.
#[derive(Debug)]
pub struct Views<T> {
    of: BTreeMap<Selection, Known<T>>,
    compilations: u64,
}

#[derive(Debug)]
struct Known<T> {
    made: Arc<T>,
    /// What it was compiled from.
    from: World,
}

impl<T> Default for Views<T> {
    fn default() -> Self {
        Self { of: BTreeMap::new(), compilations: 0 }
    }
}

impl<T> Views<T> {
    /// What was made of the view of `selection` in `world`: at hand if nothing that it depends on has changed, else made
    /// by `make` of the view and of what was at hand before.
    pub fn view(
        &mut self,
        selection: &Selection,
        world: &World,
        catalog: &Catalog,
        make: impl FnOnce(&Compiled, Option<&Arc<T>>) -> Arc<T>,
    ) -> Arc<T> {
        let from = narrow(world, selection);
        let known = self.of.get(selection);
        if let Some(known) = known.filter(|known| known.from == from) {
            return known.made.clone();
        }
        self.compilations += 1;
        let (view, problems) = view(&from, catalog, &Scope::Selected(selection.clone()));
        let made = make(&Compiled { view, problems }, known.map(|known| &known.made));
        self.of.insert(selection.clone(), Known { made: made.clone(), from });
        made
    }

    /// Forgets the views that nobody needs any more.
    pub fn retain(&mut self, needed: &BTreeSet<Selection>) {
        self.of.retain(|selection, _| needed.contains(selection));
    }

    /// How many views are at hand.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// How often anything was compiled since the start.
    pub fn compilations(&self) -> u64 {
        self.compilations
    }
}

/// All of `world` that the view of `selection` can depend on: it is compiled from this and nothing else.
pub(crate) fn narrow(world: &World, selection: &Selection) -> World {
    let World {
        providers,
        routes,
        policies,
        secrets,
        config_maps,
        namespaces,
        system_namespace,
        unreadable,
        incomplete,
    } = world;
    let Selection { namespace: home, routes: _, policies: selected } = selection;
    let routes: Vec<_> = routes.iter().filter(|route| namespace(&route.metadata) == home).map(bare_route).collect();
    let by_routes: BTreeSet<String> = routes
        .iter()
        .flat_map(|route| &route.spec.targets)
        .filter_map(|target| target.provider.as_ref())
        .map(|name| if name.contains('/') { name.clone() } else { format!("{home}/{name}") })
        .collect();
    // Those that routes name are needed to say why they may not be used.
    let needed = |it: &&ModelProvider| {
        access::allows(it, home, world) || !access::is_sound(it) || by_routes.contains(&full_name(&it.metadata))
    };
    let providers: Vec<ModelProvider> = providers.iter().filter(needed).map(bare_provider).collect();
    let of: BTreeSet<ObjectRef> =
        providers.iter().filter(|it| access::allows(it, home, world)).flat_map(named::named).collect();
    let secrets =
        secrets.iter().filter(|it| of.contains(&ObjectRef::new(Kind::Secret, &it.metadata))).cloned().collect();
    let config_maps =
        config_maps.iter().filter(|it| of.contains(&ObjectRef::new(Kind::ConfigMap, &it.metadata))).cloned().collect();
    let policies = policies
        .iter()
        .filter(|it| {
            let of = |one: &ObjectRef| one.namespace == namespace(&it.metadata) && one.name == name(&it.metadata);
            selected.iter().any(of)
        })
        .map(bare_policy)
        .collect();
    let unreadable = unreadable
        .iter()
        .filter(|it| match &it.object {
            object @ ObjectRef { kind: Kind::Secret | Kind::ConfigMap, .. } => of.contains(object),
            ObjectRef { kind: Kind::ModelProvider, .. } => true,
            ObjectRef { namespace, .. } => namespace == home || namespace == system_namespace,
        })
        .cloned()
        .collect();
    World {
        secrets,
        config_maps,
        providers,
        routes,
        policies,
        namespaces: namespaces.iter().filter(|(name, _)| *name == home).map(|(a, b)| (a.clone(), b.clone())).collect(),
        system_namespace: system_namespace.clone(),
        unreadable,
        incomplete: *incomplete,
    }
}

macro_rules! bare {
    ($name:ident, $kind:ident) => {
        /// The object without what changes on every write, its status among it.
        pub(crate) fn $name(object: &outrigger_crd::$kind) -> outrigger_crd::$kind {
            let metadata = &object.metadata;
            let mut bare = outrigger_crd::$kind::new("", object.spec.clone());
            bare.metadata.name = metadata.name.clone();
            bare.metadata.namespace = metadata.namespace.clone();
            bare.metadata.creation_timestamp = metadata.creation_timestamp.clone();
            bare
        }
    };
}

bare!(bare_provider, ModelProvider);
bare!(bare_route, ModelRoute);
bare!(bare_policy, ModelPolicy);
