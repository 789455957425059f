//! What providers name: `Secret`s and `ConfigMap`s.

use std::collections::BTreeMap;

use outrigger_crd::{ConfigMap, ModelProvider, Secret, provider::CaKind};

use crate::{
    problem::{Kind, ObjectRef, name, namespace},
    world::World,
};

type Name<'a> = (&'a str, &'a str);

/// Those that there are, by namespace and name.
pub(crate) struct Named<'a> {
    secrets: BTreeMap<Name<'a>, &'a Secret>,
    config_maps: BTreeMap<Name<'a>, &'a ConfigMap>,
    /// Why those cannot be read, or not any more, that are there for all anybody knows.
    withheld: BTreeMap<&'a ObjectRef, &'a str>,
}

impl<'a> Named<'a> {
    pub(crate) fn of(world: &'a World) -> Self {
        let withheld = world.unreadable.iter().filter(|it| matches!(it.object.kind, Kind::Secret | Kind::ConfigMap));
        Self {
            secrets: world.secrets.iter().map(|it| ((namespace(&it.metadata), name(&it.metadata)), it)).collect(),
            config_maps: world
                .config_maps
                .iter()
                .map(|it| ((namespace(&it.metadata), name(&it.metadata)), it))
                .collect(),
            withheld: withheld.map(|it| (&it.object, &*it.reason)).collect(),
        }
    }

    pub(crate) fn secret(&self, home: &str, name: &str) -> Option<&'a Secret> {
        self.secrets.get(&(home, name)).copied()
    }

    pub(crate) fn config_map(&self, home: &str, name: &str) -> Option<&'a ConfigMap> {
        self.config_maps.get(&(home, name)).copied()
    }

    /// Names of all of a kind that there are in a namespace.
    pub(crate) fn names(&self, kind: Kind, home: &str) -> impl Iterator<Item = &'a str> {
        let secrets = self.secrets.keys().filter(move |_| kind == Kind::Secret);
        let config_maps = self.config_maps.keys().filter(move |_| kind == Kind::ConfigMap);
        secrets.chain(config_maps).filter(move |(space, _)| *space == home).map(|(_, name)| *name)
    }

    /// Why one cannot be read.
    pub(crate) fn withheld(&self, object: &ObjectRef) -> Option<&'a str> {
        self.withheld.get(object).copied()
    }
}

/// Every `Secret` and `ConfigMap` that a provider names, once or more often.
pub fn named(provider: &ModelProvider) -> impl Iterator<Item = ObjectRef> {
    let home = namespace(&provider.metadata);
    let object = move |kind, name: &str| ObjectRef { kind, namespace: home.to_owned(), name: name.to_owned() };
    let keys = provider.spec.credentials.iter().map(move |key| object(Kind::Secret, &key.secret_key_ref.name));
    let bundle = provider.spec.tls.iter().map(move |tls| object(kind(tls.ca_ref.kind), &tls.ca_ref.name));
    keys.chain(bundle)
}

/// The kind that holds certificates.
pub(crate) fn kind(of: CaKind) -> Kind {
    match of {
        CaKind::ConfigMap => Kind::ConfigMap,
        CaKind::Secret => Kind::Secret,
    }
}
