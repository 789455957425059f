//! Which objects a view has a part of, so that what became of each can be counted.

use std::collections::BTreeMap;

use outrigger_api::{Hash, encode::Resources, hash, key};
use outrigger_compile::{Kind, ObjectRef, Selection};
use outrigger_route::{
    View,
    closed::Closed,
    view::{Header, Kind as Part},
};

/// What a view makes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// What it says: the hash of all that is sent of it.
    Whole(Hash),
    /// The object means nothing now: what it was before goes on.
    Broken,
    /// Something above it means nothing: what the view was before goes on.
    Above,
}

/// The objects of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) of: BTreeMap<ObjectRef, Standing>,
    /// What holds those that are [`Above`](Standing::Above): `ModelPolicy demo/limits is broken`.
    pub(crate) holder: Box<str>,
}

impl Parts {
    /// Those of `view`, which is sent as `resources`.
    pub(crate) fn new(view: &View, selection: &Selection, resources: &Resources) -> Self {
        match &view.header.refused {
            Some(why) => Self::refused(view, why, selection, resources),
            None => Self { of: whole(view, resources), holder: Box::default() },
        }
    }

    /// Of a view under a policy that is broken nothing is sent but names: what selects the workload is in the selection.
    fn refused(view: &View, why: &Closed, selection: &Selection, resources: &Resources) -> Self {
        let Header { policies, .. } = &*view.header;
        let (broken, holder) = match why {
            Closed::Broken { object, .. } => (policy(object), format!("{object} is broken")),
            _ => (None, "the policy above it is broken".to_owned()),
        };
        let mut of = BTreeMap::new();
        for policy in &selection.policies {
            let name = policy.full_name();
            // One that is understood holds all the same: an earlier view without it does not go on.
            let standing = match (policies.iter().any(|(known, _)| **known == *name), broken.is_some()) {
                (true, _) => hashed([key::HEADER.to_owned()], resources),
                (false, true) => Standing::Broken,
                (false, false) => Standing::Above,
            };
            of.insert(policy.clone(), standing);
        }
        of.extend(broken.map(|policy| (policy, Standing::Broken)));
        let route = |name: &String| ObjectRef {
            kind: Kind::ModelRoute,
            namespace: selection.namespace.clone(),
            name: name.clone(),
        };
        of.extend(selection.routes.iter().map(|name| (route(name), Standing::Above)));
        let alive = view.alive.iter().filter_map(|(name, keys)| {
            let standing = if keys.is_some() { Standing::Above } else { Standing::Broken };
            Some((object(Kind::ModelProvider, name)?, standing))
        });
        of.extend(alive);
        Self { of, holder: holder.into() }
    }
}

fn whole(view: &View, resources: &Resources) -> BTreeMap<ObjectRef, Standing> {
    let View { revision: _, providers, credentials: _, routes, policies, broken, alive: _, header: _ } = view;
    let providers = providers.keys().map(|name| (Kind::ModelProvider, name));
    let routes = routes.keys().map(|name| (Kind::ModelRoute, name));
    let policies = policies.keys().map(|name| (Kind::ModelPolicy, name));
    let sound = providers.chain(routes).chain(policies).filter_map(|(kind, name)| {
        let keys = match kind {
            Kind::ModelProvider => vec![key::Kind::Provider.key(name), key::Kind::Credentials.key(name)],
            Kind::ModelRoute => vec![key::Kind::Route.key(name)],
            _ => vec![key::Kind::Policy.key(name)],
        };
        Some((object(kind, name)?, hashed(keys, resources)))
    });
    let broken = broken.keys().filter_map(|(part, name)| {
        let kind = match part {
            Part::Provider => Kind::ModelProvider,
            Part::Route => Kind::ModelRoute,
            Part::Policy => Kind::ModelPolicy,
        };
        Some((object(kind, name)?, Standing::Broken))
    });
    sound.chain(broken).collect()
}

fn hashed(keys: impl IntoIterator<Item = String>, resources: &Resources) -> Standing {
    let found = keys.into_iter().filter_map(|key| resources.get(key.as_str()));
    Standing::Whole(hash(&found.flat_map(|resource| resource.hash).collect::<Vec<u8>>()))
}

/// The object of a key.
pub(crate) fn object_of(key: &str) -> Option<ObjectRef> {
    let (kind, name) = key::parse(key)?;
    let kind = match kind {
        key::Kind::Provider | key::Kind::Credentials => Kind::ModelProvider,
        key::Kind::Route => Kind::ModelRoute,
        key::Kind::Policy => Kind::ModelPolicy,
        key::Kind::Header => return None,
    };
    object(kind, name)
}

/// The object `namespace/name`.
fn object(kind: Kind, full_name: &str) -> Option<ObjectRef> {
    let (namespace, name) = full_name.split_once('/')?;
    Some(ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() })
}

/// The policy that a view says is broken: `ModelPolicy demo/limits`.
fn policy(told: &str) -> Option<ObjectRef> {
    object(Kind::ModelPolicy, told.strip_prefix(Kind::ModelPolicy.as_str())?.strip_prefix(' ')?)
}
