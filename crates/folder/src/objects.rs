//! The objects of a world by name: which one world has and another has not, and taking them over.

use std::collections::{BTreeMap, BTreeSet};

use outrigger_compile::{Kind, ObjectRef, World};
use outrigger_crd::{ConfigMap, Secret, k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta};

/// Names of all that is in `world` and could be read.
pub(crate) fn names(world: &World) -> BTreeSet<ObjectRef> {
    let providers = world.providers.iter().map(|it| ObjectRef::new(Kind::ModelProvider, &it.metadata));
    let routes = world.routes.iter().map(|it| ObjectRef::new(Kind::ModelRoute, &it.metadata));
    let policies = world.policies.iter().map(|it| ObjectRef::new(Kind::ModelPolicy, &it.metadata));
    let secrets = world.secrets.iter().map(|it| ObjectRef::new(Kind::Secret, &it.metadata));
    let config_maps = world.config_maps.iter().map(|it| ObjectRef::new(Kind::ConfigMap, &it.metadata));
    let namespaces = world.namespaces.keys().map(|name| namespace(name));
    providers.chain(routes).chain(policies).chain(secrets).chain(config_maps).chain(namespaces).collect()
}

/// Something that can be missing: an object, or one key of a `Secret` or `ConfigMap`. What many providers name may stand in
/// one of them, so one that loses a key takes a provider away as surely as if it went itself.
pub(crate) type Part = (ObjectRef, Option<String>);

/// What `before` speaks of, readable or not, and `now` does not.
pub(crate) fn lost(before: &World, now: &World) -> BTreeSet<Part> {
    let now = parts(now);
    parts(before).into_iter().filter(|part| !now.contains(part)).collect()
}

/// Adds what is `held` to `now` as it is in `before`, which may be that it cannot be read.
pub(crate) fn take_over(now: &mut World, before: &World, held: &BTreeSet<Part>) {
    if held.is_empty() {
        return;
    }
    take(&mut now.providers, &before.providers, held, |it| ObjectRef::new(Kind::ModelProvider, &it.metadata));
    take(&mut now.routes, &before.routes, held, |it| ObjectRef::new(Kind::ModelRoute, &it.metadata));
    take(&mut now.policies, &before.policies, held, |it| ObjectRef::new(Kind::ModelPolicy, &it.metadata));
    take(&mut now.unreadable, &before.unreadable, held, |it| it.object.clone());
    take_keys(&mut now.secrets, &before.secrets, held);
    take(&mut now.secrets, &before.secrets, held, |it| ObjectRef::new(Kind::Secret, &it.metadata));
    take_keys(&mut now.config_maps, &before.config_maps, held);
    take(&mut now.config_maps, &before.config_maps, held, |it| ObjectRef::new(Kind::ConfigMap, &it.metadata));
    for (name, labels) in before.namespaces.iter().filter(|(name, _)| held.contains(&(namespace(name), None))) {
        now.namespaces.insert(name.clone(), labels.clone());
    }
}

fn parts(world: &World) -> BTreeSet<Part> {
    let unreadable = world.unreadable.iter().map(|unread| unread.object.clone());
    let keys = world.secrets.iter().flat_map(keys).chain(world.config_maps.iter().flat_map(keys));
    names(world).into_iter().chain(unreadable).map(|object| (object, None)).chain(keys).collect()
}

/// What holds values by key.
trait Keyed {
    const KIND: Kind;

    fn metadata(&self) -> &ObjectMeta;

    fn all_keys(&self) -> impl Iterator<Item = &str>;

    /// Adds those values of `before` that are held.
    fn keep(&mut self, before: &Self, is_held: impl Fn(&str) -> bool);
}

impl Keyed for Secret {
    const KIND: Kind = Kind::Secret;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn all_keys(&self) -> impl Iterator<Item = &str> {
        self.keys()
    }

    fn keep(&mut self, before: &Self, is_held: impl Fn(&str) -> bool) {
        extend(&mut self.string_data.0, &before.string_data.0, &is_held);
        extend(&mut self.data.0, &before.data.0, &is_held);
    }
}

impl Keyed for ConfigMap {
    const KIND: Kind = Kind::ConfigMap;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn all_keys(&self) -> impl Iterator<Item = &str> {
        self.keys()
    }

    fn keep(&mut self, before: &Self, is_held: impl Fn(&str) -> bool) {
        extend(&mut self.data.0, &before.data.0, &is_held);
        extend(&mut self.binary_data.0, &before.binary_data.0, &is_held);
    }
}

fn extend<V: Clone>(now: &mut BTreeMap<String, V>, before: &BTreeMap<String, V>, is_held: impl Fn(&str) -> bool) {
    let held = before.iter().filter(|(key, _)| is_held(key));
    now.extend(held.map(|(key, value)| (key.clone(), value.clone())));
}

fn keys<T: Keyed>(of: &T) -> Vec<Part> {
    let object = ObjectRef::new(T::KIND, of.metadata());
    of.all_keys().map(|key| (object.clone(), Some(key.to_owned()))).collect()
}

/// The keys that are held, into what is still there.
fn take_keys<T: Keyed>(now: &mut [T], before: &[T], held: &BTreeSet<Part>) {
    for it in now {
        let object = ObjectRef::new(T::KIND, it.metadata());
        let is_held = |key: &str| held.contains(&(object.clone(), Some(key.to_owned())));
        if let Some(before) = before.iter().find(|it| ObjectRef::new(T::KIND, it.metadata()) == object) {
            it.keep(before, is_held);
        }
    }
}

fn take<T: Clone>(now: &mut Vec<T>, before: &[T], held: &BTreeSet<Part>, name: impl Fn(&T) -> ObjectRef) {
    now.extend(before.iter().filter(|object| held.contains(&(name(object), None))).cloned());
}

fn namespace(name: &str) -> ObjectRef {
    ObjectRef { kind: Kind::Namespace, namespace: String::new(), name: name.to_owned() }
}
