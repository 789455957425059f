//! Which objects are different, and where that could matter.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_crd::{ConfigMap, ModelPolicy, ModelProvider, ModelRoute, Secret};
use serde::{Deserialize, Serialize};

use super::touched::Reader;
use crate::{
    problem::{Kind, ObjectRef, namespace},
    views::{bare_policy, bare_provider, bare_route},
    world::World,
};

/// An object that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// Which.
    pub object: ObjectRef,
    /// What became of it.
    pub how: How,
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// It is gone.
    Removed,
}

/// What an object says, to be compared. `Debug` of none is shown.
#[derive(PartialEq)]
enum Said<'a> {
    Provider(Box<ModelProvider>),
    Route(Box<ModelRoute>),
    Policy(Box<ModelPolicy>),
    Secret(&'a Secret),
    ConfigMap(&'a ConfigMap),
    Namespace(&'a BTreeMap<String, String>),
    Unread(&'a str),
}

/// The objects that are different, in order.
pub(super) fn edited(before: &World, after: &World) -> Vec<Edited> {
    let (old, new) = (said(before), said(after));
    let gone = old.keys().filter(|it| !new.contains_key(*it)).map(|it| (it, How::Removed));
    let changed = new.iter().filter_map(|(object, now)| match old.get(object) {
        None => Some((object, How::Added)),
        Some(was) => (was != now).then_some((object, How::Changed)),
    });
    let mut all: Vec<Edited> = gone.chain(changed).map(|(it, how)| Edited { object: it.clone(), how }).collect();
    all.sort_by(|left, right| left.object.cmp(&right.object));
    all
}

fn said(world: &World) -> BTreeMap<ObjectRef, Said<'_>> {
    let World { providers, routes, policies, secrets, config_maps, namespaces, unreadable, .. } = world;
    let mut all = BTreeMap::new();
    for it in providers {
        let said = Said::Provider(Box::new(bare_provider(it)));
        all.insert(ObjectRef::new(Kind::ModelProvider, &it.metadata), said);
    }
    for it in routes {
        all.insert(ObjectRef::new(Kind::ModelRoute, &it.metadata), Said::Route(Box::new(bare_route(it))));
    }
    for it in policies {
        all.insert(ObjectRef::new(Kind::ModelPolicy, &it.metadata), Said::Policy(Box::new(bare_policy(it))));
    }
    for it in secrets {
        all.insert(ObjectRef::new(Kind::Secret, &it.metadata), Said::Secret(it));
    }
    for it in config_maps {
        all.insert(ObjectRef::new(Kind::ConfigMap, &it.metadata), Said::ConfigMap(it));
    }
    for (name, labels) in namespaces {
        let object = ObjectRef { kind: Kind::Namespace, namespace: String::new(), name: name.clone() };
        all.insert(object, Said::Namespace(labels));
    }
    for it in unreadable {
        all.insert(it.object.clone(), Said::Unread(&it.reason));
    }
    all
}

/// The namespaces in which it could matter, in order.
pub(super) fn homes(before: &World, after: &World, edited: &[Edited], readers: &[Reader]) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    let stays = edited.iter().all(|Edited { object, .. }| {
        own.insert(object.namespace.clone());
        match object.kind {
            Kind::ModelRoute => true,
            Kind::ModelPolicy => object.namespace != after.system_namespace,
            // Others may share a provider, and a namespace's labels select it.
            Kind::ModelProvider | Kind::Secret | Kind::ConfigMap | Kind::Namespace => false,
        }
    });
    if stays {
        return own;
    }
    for world in [before, after] {
        let World { providers, routes, policies, .. } = world;
        own.extend(providers.iter().map(|it| namespace(&it.metadata).to_owned()));
        own.extend(routes.iter().map(|it| namespace(&it.metadata).to_owned()));
        own.extend(policies.iter().map(|it| namespace(&it.metadata).to_owned()));
    }
    own.extend(readers.iter().map(|it| it.workload.namespace.clone()));
    own.remove("");
    own
}
