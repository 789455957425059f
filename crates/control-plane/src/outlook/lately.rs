//! Edits that were let in and that the source has not told yet: `kubectl apply` of a file has its objects reviewed faster than
//! a watch brings them, and a route must not be told that the provider just above it is not there. Pure.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use outrigger_compile::{ObjectRef, World, manifest::Object};
use outrigger_crd::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::edit::Edit;

/// How long it takes until the source has told it, or it never came: somebody else refused it.
const LIFE: Duration = Duration::from_secs(10);
/// Objects that are remembered; of more, the last.
const MOST: usize = 512;

/// What is about to be there.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately(VecDeque<(Instant, One)>);

#[derive(Clone, Debug)]
enum One {
    Put(Box<Object>),
    Removed(ObjectRef),
}

impl Lately {
    /// Of what cannot be read nothing is remembered: what is there goes on.
    pub(super) fn add(&mut self, edit: Edit, now: Instant) {
        let Edit { put, removed } = edit;
        let all =
            put.into_iter().flatten().map(|it| One::Put(Box::new(it))).chain(removed.into_iter().map(One::Removed));
        self.0.extend(all.map(|one| (now, one)));
        let old = self.0.iter().take_while(|(at, _)| now.duration_since(*at) > LIFE).count();
        let over = self.0.len().saturating_sub(MOST);
        self.0.drain(..old.max(over));
    }

    /// Objects that were let in.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.0.iter().filter_map(|(_, one)| match one {
            One::Put(object) => Some(&**object),
            One::Removed(_) => None,
        })
    }

    /// Forgets what `world` has by now.
    pub(super) fn forget(&mut self, world: &World) {
        self.0.retain(|(_, one)| match one {
            One::Put(object) => world.metadata(&object.reference()).is_none_or(|has| !is_as_new(&has, object)),
            One::Removed(object) => world.metadata(object).is_some(),
        });
    }

    /// Adds to `world` what it does not have yet.
    pub(super) fn add_to(&self, world: &mut World, now: Instant) {
        for (_, one) in self.0.iter().filter(|(at, _)| now.duration_since(*at) <= LIFE) {
            match one {
                One::Put(object) => {
                    let has = world.metadata(&object.reference());
                    if !has.is_some_and(|has| is_as_new(&has, object)) {
                        world.put(Ok((**object).clone()));
                    }
                }
                One::Removed(object) => drop(world.remove(object)),
            }
        }
    }
}

/// Whether what is known is this object, or what became of it.
fn is_as_new(has: &ObjectMeta, object: &Object) -> bool {
    let metadata = match object {
        Object::Provider(it) => &it.metadata,
        Object::Route(it) => &it.metadata,
        Object::Policy(it) => &it.metadata,
        Object::Secret(_) | Object::ConfigMap(_) | Object::Namespace(_) => return true,
    };
    has.uid != metadata.uid || has.generation >= metadata.generation
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use outrigger_compile::manifest;
    use serde_json::json;

    use super::*;

    fn route(name: &str, uid: &str, generation: i64) -> Object {
        manifest::object(json!({"apiVersion": "outrigger.dev/v1alpha1", "kind": "ModelRoute",
            "metadata": {"name": name, "namespace": "a", "uid": uid, "generation": generation},
            "spec": {"targets": [{"model": format!("m{generation}")}]}}))
        .unwrap()
    }

    fn put(object: Object) -> Edit {
        Edit { put: vec![Ok(object)], ..Edit::default() }
    }

    fn models(lately: &Lately, mut world: World, now: Instant) -> Vec<String> {
        lately.add_to(&mut world, now);
        world.routes.iter().map(|it| it.spec.targets[0].model.clone()).collect()
    }

    #[test]
    fn what_was_let_in_is_there_until_the_source_tells_more() {
        let (mut lately, now) = (Lately::default(), Instant::now());
        lately.add(put(route("r", "u", 2)), now);
        let world = |generation| {
            let mut world = World::default();
            world.put(Ok(route("r", "u", generation)));
            world
        };
        assert_eq!(models(&lately, World::default(), now), ["m2"]);
        assert_eq!(models(&lately, world(1), now), ["m2"]);
        assert_eq!(models(&lately, world(3), now), ["m3"], "what came later counts");
        assert_eq!(models(&lately, World::default(), now + LIFE + Duration::from_millis(1)), [""; 0]);
        lately.add(Edit { removed: vec![route("r", "u", 2).reference()], ..Edit::default() }, now);
        assert_eq!(models(&lately, world(1), now), [""; 0]);
    }

    #[test]
    fn no_more_is_remembered_than_the_bound() {
        let (mut lately, now) = (Lately::default(), Instant::now());
        for at in 0..=MOST {
            lately.add(put(route(&format!("r{at}"), "u", 1)), now);
        }
        assert_eq!(lately.0.len(), MOST);
        lately.add(put(route("r", "u", 1)), now + LIFE + Duration::from_secs(1));
        assert_eq!(lately.0.len(), 1);
        let mut world = World::default();
        lately.forget(&world);
        assert_eq!(lately.0.len(), 1);
        world.put(Ok(route("r", "u", 1)));
        lately.forget(&world);
        assert_eq!(lately.0.len(), 0);
    }
}
