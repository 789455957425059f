//! A view into resources.

mod limit;
mod provider;
mod route;

use std::collections::BTreeMap;

use bytes::Bytes;
use limit::limit;
use outrigger_route::{
    View,
    closed::{Closed, Forbidden},
    snapshot::Credential,
    view::{Broken, Header, Kind as Object, PolicyPart},
};
use prost::Message as _;

use crate::{
    Hash, hash,
    key::{HEADER, Kind},
    v1::{self, body::Body, limit::Kind as Limit},
};

/// A resource, ready to be sent to everybody who needs it. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Resource {
    /// SHA-256 of the body.
    pub hash: Hash,
    /// A [`v1::Body`].
    pub body: Bytes,
}

/// The resources of a view, by key.
pub type Resources = BTreeMap<Box<str>, Resource>;

/// Every resource of `view`. The same view always gives the same bytes.
pub fn encode(view: &View) -> Resources {
    let View { revision: _, providers, credentials, routes, policies, broken, alive, header } = view;
    let mut resources = Resources::new();
    let mut add = |key: String, body: Body| drop(resources.insert(key.into(), Resource::new(body)));
    for (name, offering) in providers {
        add(Kind::Provider.key(name), Body::Provider(provider::encode(offering)));
    }
    for (name, keys) in credentials {
        add(Kind::Credentials.key(name), Body::Credentials(credential_set(name, keys)));
    }
    for (name, part) in routes {
        add(Kind::Route.key(name), Body::Route(route::encode(part)));
    }
    for (name, part) in policies {
        add(Kind::Policy.key(name), Body::Policy(policy(name, part)));
    }
    for ((kind, name), part) in broken {
        let Broken { names, spec, reason } = &**part;
        let body = || {
            let names = names.iter().map(ToString::to_string).collect();
            Body::Broken(v1::Broken { names, spec: spec.to_string(), reason: reason.to_string() })
        };
        match kind {
            Object::Provider => {
                add(Kind::Provider.key(name), body());
                // Its keys are as unknown as it is.
                add(Kind::Credentials.key(name), body());
            }
            Object::Route => add(Kind::Route.key(name), body()),
            Object::Policy => add(Kind::Policy.key(name), body()),
        }
    }
    let mut header = self::header(header);
    header.alive = alive.iter().map(|(name, keys)| still_alive(name, keys.as_deref())).collect();
    add(HEADER.to_owned(), Body::Header(header));
    resources
}

/// Every key of `view` by `namespace/provider/name`, with a hash of the key itself: equal keys have equal hashes, whatever
/// they are called. As long as the key is secret so is the hash, since it can be tried out with it.
pub fn keys(view: &View) -> Vec<(Box<str>, Hash)> {
    let of = |provider: &str, key: &Credential| {
        let Credential { name, id: _, secret, weight: _ } = key;
        (format!("{provider}/{name}").into(), hash(secret.expose().as_bytes()))
    };
    view.credentials.iter().flat_map(|(provider, keys)| keys.iter().map(|key| of(provider, key))).collect()
}

impl Resource {
    fn new(body: Body) -> Self {
        let body = Bytes::from(v1::Body { body: Some(body) }.encode_to_vec());
        Self { hash: hash(&body), body }
    }
}

impl std::fmt::Debug for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hash = outrigger_route::hash::Hex(&self.hash[..8]).to_string();
        f.debug_struct("Resource").field("hash", &hash).field("bytes", &self.body.len()).finish()
    }
}

fn credential_set(provider: &str, keys: &[Credential]) -> v1::CredentialSet {
    let credentials = keys.iter().map(|key| {
        let Credential { name, id: _, secret, weight } = key;
        v1::Credential { name: name.to_string(), secret: secret.expose().to_owned(), weight: *weight }
    });
    v1::CredentialSet { provider: provider.to_owned(), credentials: credentials.collect() }
}

fn still_alive(provider: &str, keys: Option<&[Credential]>) -> v1::Alive {
    let hash = keys.map(|keys| Resource::new(Body::Credentials(credential_set(provider, keys))).hash.to_vec());
    v1::Alive { provider: provider.to_owned(), credentials: hash.unwrap_or_default() }
}

fn policy(name: &str, part: &PolicyPart) -> v1::Policy {
    let PolicyPart { bare_models_denied, require_parameters } = part;
    let mut limits = Vec::new();
    if *bare_models_denied {
        limits.push(Limit::RoutesOnly(v1::Flag {}));
    }
    if *require_parameters {
        limits.push(Limit::RequireParameters(v1::Flag {}));
    }
    v1::Policy { name: name.to_owned(), limits: limits.into_iter().map(limit).collect() }
}

fn header(header: &Header) -> v1::Header {
    // Who is alive is said by the keys, which are not in it yet.
    let Header { limits, policies, refused, alive: _, closed, forbidden, forbidden_more } = header;
    let policy =
        |(name, hash): &(Box<str>, Box<str>)| v1::PolicyHash { name: name.to_string(), hash: hash.to_string() };
    v1::Header {
        limits: limits.to_string(),
        refused: refused.as_ref().map(|why| self::closed("", why)),
        closed: closed.iter().map(|(name, why)| self::closed(name, why)).collect(),
        forbidden: forbidden
            .iter()
            .map(|Forbidden { provider, model, upstream_name, policy, rule }| v1::Forbidden {
                provider: provider.to_string(),
                model: model.to_string(),
                upstream_name: upstream_name.to_string(),
                policy: policy.to_string(),
                rule: rule.to_string(),
            })
            .collect(),
        forbidden_more: *forbidden_more,
        policies: policies.iter().map(policy).collect(),
        alive: Vec::new(),
    }
}

/// What else a name may be closed for is found out where the view is put together.
fn closed(name: &str, why: &Closed) -> v1::Closed {
    use v1::closed::Why;
    let why = match why {
        Closed::Broken { object, reason } => {
            Some(Why::Broken(v1::BrokenObject { object: object.to_string(), reason: reason.to_string() }))
        }
        Closed::NotForWorkload { route } => Some(Why::NotForWorkload(route.to_string())),
        Closed::Unserved { .. }
        | Closed::NoTargets { .. }
        | Closed::Unsupported { .. }
        | Closed::Stale
        | Closed::CredentialsPending
        | Closed::Pending
        | Closed::BareModel { .. }
        | Closed::Forbidden(_) => None,
    };
    v1::Closed { name: name.to_owned(), why }
}
