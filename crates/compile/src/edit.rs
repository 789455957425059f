//! An edit of the objects: what `kubectl apply` and `kubectl delete` do to a world.

use outrigger_crd::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    manifest::Object,
    problem::{Kind, ObjectRef, name, namespace},
    world::{Unreadable, World},
};

impl World {
    /// Puts an object in the place of the one of its name, or adds it. One that cannot be read takes the place all the same.
    /// Where a file does not say since when an object is there, it is as old as the one before it.
    pub fn put(&mut self, object: Result<Object, Unreadable>) {
        let reference = match &object {
            Ok(object) => object.reference(),
            Err(unread) => unread.object.clone(),
        };
        let before = self.metadata(&reference);
        self.remove(&reference);
        let aged = |metadata: &mut ObjectMeta| {
            if metadata.creation_timestamp.is_none() {
                metadata.creation_timestamp = before.as_ref().and_then(|it| it.creation_timestamp.clone());
            }
        };
        match object {
            Ok(Object::Provider(mut it)) => {
                aged(&mut it.metadata);
                self.providers.push(*it);
            }
            Ok(Object::Route(mut it)) => {
                aged(&mut it.metadata);
                self.routes.push(*it);
            }
            Ok(Object::Policy(mut it)) => {
                aged(&mut it.metadata);
                self.policies.push(*it);
            }
            Ok(Object::Secret(it)) => self.secrets.push(it),
            Ok(Object::ConfigMap(it)) => self.config_maps.push(it),
            Ok(Object::Namespace(it)) => {
                self.namespaces.insert(it.name.unwrap_or_default(), it.labels.unwrap_or_default());
            }
            Err(unread) => self.unreadable.push(unread),
        }
    }

    /// Takes an object out, readable or not. Whether it was there.
    pub fn remove(&mut self, object: &ObjectRef) -> bool {
        let is = |metadata: &ObjectMeta| is_of(metadata, object);
        let before = self.len();
        match object.kind {
            Kind::ModelProvider => self.providers.retain(|it| !is(&it.metadata)),
            Kind::ModelRoute => self.routes.retain(|it| !is(&it.metadata)),
            Kind::ModelPolicy => self.policies.retain(|it| !is(&it.metadata)),
            Kind::Secret => self.secrets.retain(|it| !is(&it.metadata)),
            Kind::ConfigMap => self.config_maps.retain(|it| !is(&it.metadata)),
            Kind::Namespace => drop(self.namespaces.remove(&object.name)),
        }
        self.unreadable.retain(|it| it.object != *object);
        self.len() != before
    }

    /// `metadata` of an object that could be read.
    pub fn metadata(&self, object: &ObjectRef) -> Option<ObjectMeta> {
        let is = |metadata: &&ObjectMeta| is_of(metadata, object);
        match object.kind {
            Kind::ModelProvider => self.providers.iter().map(|it| &it.metadata).find(is).cloned(),
            Kind::ModelRoute => self.routes.iter().map(|it| &it.metadata).find(is).cloned(),
            Kind::ModelPolicy => self.policies.iter().map(|it| &it.metadata).find(is).cloned(),
            Kind::Secret => self.secrets.iter().map(|it| &it.metadata).find(is).cloned(),
            Kind::ConfigMap => self.config_maps.iter().map(|it| &it.metadata).find(is).cloned(),
            Kind::Namespace => None,
        }
    }

    fn len(&self) -> usize {
        let Self { providers, routes, policies, secrets, config_maps, namespaces, unreadable, .. } = self;
        let named = secrets.len() + config_maps.len() + namespaces.len();
        providers.len() + routes.len() + policies.len() + named + unreadable.len()
    }
}

/// Whether an object of the kind is this one.
fn is_of(metadata: &ObjectMeta, object: &ObjectRef) -> bool {
    name(metadata) == object.name && namespace(metadata) == object.namespace
}

impl Object {
    /// Has it be of this namespace if it says none, as `kubectl apply --namespace` does.
    pub fn settle(&mut self, namespace: &str) {
        let metadata = match self {
            Self::Provider(it) => &mut it.metadata,
            Self::Route(it) => &mut it.metadata,
            Self::Policy(it) => &mut it.metadata,
            Self::Secret(it) => &mut it.metadata,
            Self::ConfigMap(it) => &mut it.metadata,
            Self::Namespace(_) => return,
        };
        if metadata.namespace.as_deref().is_none_or(str::is_empty) {
            metadata.namespace = Some(namespace.to_owned());
        }
    }

    /// Which object it is. A namespace is in none.
    pub fn reference(&self) -> ObjectRef {
        match self {
            Self::Provider(it) => ObjectRef::new(Kind::ModelProvider, &it.metadata),
            Self::Route(it) => ObjectRef::new(Kind::ModelRoute, &it.metadata),
            Self::Policy(it) => ObjectRef::new(Kind::ModelPolicy, &it.metadata),
            Self::Secret(it) => ObjectRef::new(Kind::Secret, &it.metadata),
            Self::ConfigMap(it) => ObjectRef::new(Kind::ConfigMap, &it.metadata),
            Self::Namespace(metadata) => {
                ObjectRef { namespace: String::new(), ..ObjectRef::new(Kind::Namespace, metadata) }
            }
        }
    }
}
