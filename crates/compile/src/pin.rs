//! Keeping the last good value of what an edit broke (R-CFG-5).

use std::collections::BTreeSet;

use outrigger_crd::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{Kind, ObjectRef, World};

impl World {
    /// This world with every object in `bad`, and every one that cannot be read, as `last_good` had it. One that is new
    /// is left out, or stays known as one that cannot be read. With `missing`, objects that are gone are kept too: a
    /// document that cannot be read may have held any of them.
    pub fn pinned(mut self, last_good: &Self, bad: &BTreeSet<ObjectRef>, missing: bool) -> Self {
        let mut bad = bad.clone();
        bad.extend(self.unreadable.iter().map(|unread| unread.object.clone()));
        let bad = &bad;
        pin(&mut self.providers, &last_good.providers, Kind::ModelProvider, |object| &object.metadata, bad, missing);
        pin(&mut self.routes, &last_good.routes, Kind::ModelRoute, |object| &object.metadata, bad, missing);
        pin(&mut self.policies, &last_good.policies, Kind::ModelPolicy, |object| &object.metadata, bad, missing);
        pin(&mut self.secrets, &last_good.secrets, Kind::Secret, |object| &object.metadata, bad, missing);
        pin(&mut self.config_maps, &last_good.config_maps, Kind::ConfigMap, |object| &object.metadata, bad, missing);
        let Self { providers, routes, policies, .. } = &self;
        let pinned: BTreeSet<ObjectRef> = providers
            .iter()
            .map(|it| ObjectRef::new(Kind::ModelProvider, &it.metadata))
            .chain(routes.iter().map(|it| ObjectRef::new(Kind::ModelRoute, &it.metadata)))
            .chain(policies.iter().map(|it| ObjectRef::new(Kind::ModelPolicy, &it.metadata)))
            .collect();
        // With its last good value an object is whole, and a policy no reason to refuse everything.
        self.unreadable.retain(|unread| !pinned.contains(&unread.object));
        self
    }
}

fn pin<T: Clone>(
    now: &mut Vec<T>,
    last_good: &[T],
    kind: Kind,
    metadata: impl Fn(&T) -> &ObjectMeta,
    bad: &BTreeSet<ObjectRef>,
    missing: bool,
) {
    let name = |object: &T| ObjectRef::new(kind, metadata(object));
    let there: BTreeSet<ObjectRef> = now.iter().map(name).collect();
    now.retain(|object| !bad.contains(&name(object)));
    now.extend(
        last_good
            .iter()
            .filter(|object| {
                let name = name(object);
                bad.contains(&name) || (missing && !there.contains(&name))
            })
            .cloned(),
    );
}
