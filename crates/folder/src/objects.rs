//! The objects of a world by name: which one world has and another has not, and taking them over.

use std::collections::BTreeSet;

use outrigger_compile::{Kind, ObjectRef, World};

/// Names of all that is in `world` and could be read.
pub(crate) fn names(world: &World) -> BTreeSet<ObjectRef> {
    let providers = world.providers.iter().map(|it| ObjectRef::new(Kind::ModelProvider, &it.metadata));
    let routes = world.routes.iter().map(|it| ObjectRef::new(Kind::ModelRoute, &it.metadata));
    let policies = world.policies.iter().map(|it| ObjectRef::new(Kind::ModelPolicy, &it.metadata));
    let secrets = world.secrets.iter().map(|it| ObjectRef::new(Kind::Secret, &it.metadata));
    let namespaces = world.namespaces.keys().map(|name| namespace(name));
    providers.chain(routes).chain(policies).chain(secrets).chain(namespaces).collect()
}

/// Something that can be missing: an object, or one key of a `Secret`. Keys of many providers may stand in one `Secret`, so
/// one that loses a key takes a provider away as surely as if it went itself.
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
    take_keys(now, before, held);
    take(&mut now.secrets, &before.secrets, held, |it| ObjectRef::new(Kind::Secret, &it.metadata));
    for (name, labels) in before.namespaces.iter().filter(|(name, _)| held.contains(&(namespace(name), None))) {
        now.namespaces.insert(name.clone(), labels.clone());
    }
}

fn parts(world: &World) -> BTreeSet<Part> {
    let unreadable = world.unreadable.iter().map(|unread| unread.object.clone());
    let keys = world.secrets.iter().flat_map(|secret| {
        let object = ObjectRef::new(Kind::Secret, &secret.metadata);
        secret.keys().map(move |key| (object.clone(), Some(key.to_owned())))
    });
    names(world).into_iter().chain(unreadable).map(|object| (object, None)).chain(keys).collect()
}

/// The keys that are held, into `Secret`s that are still there.
fn take_keys(now: &mut World, before: &World, held: &BTreeSet<Part>) {
    for secret in &mut now.secrets {
        let object = ObjectRef::new(Kind::Secret, &secret.metadata);
        let is_held = |key: &str| held.contains(&(object.clone(), Some(key.to_owned())));
        let Some(before) = before.secrets.iter().find(|it| ObjectRef::new(Kind::Secret, &it.metadata) == object) else {
            continue;
        };
        let plain = before.string_data.0.iter().filter(|(key, _)| is_held(key));
        secret.string_data.0.extend(plain.map(|(key, value)| (key.clone(), value.clone())));
        let encoded = before.data.0.iter().filter(|(key, _)| is_held(key));
        secret.data.0.extend(encoded.map(|(key, value)| (key.clone(), value.clone())));
    }
}

fn take<T: Clone>(now: &mut Vec<T>, before: &[T], held: &BTreeSet<Part>, name: impl Fn(&T) -> ObjectRef) {
    now.extend(before.iter().filter(|object| held.contains(&(name(object), None))).cloned());
}

fn namespace(name: &str) -> ObjectRef {
    ObjectRef { kind: Kind::Namespace, namespace: String::new(), name: name.to_owned() }
}
