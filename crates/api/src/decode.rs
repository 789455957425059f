//! Resources into a view.

mod limit;
mod provider;
mod route;

use std::sync::Arc;

use outrigger_route::{
    View,
    closed::{Closed, Forbidden},
    snapshot::Credential,
    view::{Broken, Header, Kind as Object, Offering, PolicyPart, RoutePart},
};
use prost::Message as _;

use crate::{
    key::{self, Kind},
    v1::{self, body::Body},
};

/// What a resource means.
#[derive(Clone, Debug)]
pub enum Part {
    /// A provider with its targets.
    Provider(Arc<Offering>),
    /// The keys of a provider.
    Credentials(Arc<[Credential]>),
    /// A route.
    Route(Arc<RoutePart>),
    /// A policy.
    Policy(Arc<PolicyPart>),
    /// What no single object says.
    Header(Header),
    /// The object cannot be meant as it stands.
    Broken(Arc<Broken>),
    /// It has a limit, or a way of speaking, that this build does not know: nothing may be served under it.
    Unsupported {
        /// Names that are its own, of a route.
        names: Vec<Box<str>>,
        /// What is not known.
        what: &'static str,
    },
}

/// Why a body is no resource. The control plane's fault, or that of what lies between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

/// What the resource under `key` means; `None` for a kind that this build does not know, which is left out.
///
/// # Errors
///
/// If the body is not one, or not one of this key.
pub fn part(key: &str, body: &[u8]) -> Result<Option<Part>, Malformed> {
    let Some((kind, name)) = key::parse(key) else { return Ok(None) };
    // What prost says of bytes that it cannot read never quotes them.
    let body = v1::Body::decode(body).map_err(|error| Malformed(format!("the body cannot be read: {error}")))?.body;
    let same = |own: &str| match own == name {
        true => Ok(()),
        false => Err(Malformed(format!("the body is of {own:?}"))),
    };
    let unsupported = |names: Vec<Box<str>>, what: &'static str| Part::Unsupported { names, what };
    let part = match (kind, body) {
        (_, None) => unsupported(Vec::new(), "the kind of body"),
        (Kind::Provider, Some(Body::Provider(provider))) => {
            same(&provider.name)?;
            provider::decode(provider)
                .map_or_else(|what| unsupported(Vec::new(), what), |offering| Part::Provider(offering.into()))
        }
        (Kind::Credentials, Some(Body::Credentials(set))) => {
            same(&set.provider)?;
            Part::Credentials(credentials(&set))
        }
        (Kind::Route, Some(Body::Route(route))) => {
            same(&route.name)?;
            let names = route.names.iter().map(|name| name.as_str().into()).collect();
            route::decode(route).map_or_else(|what| unsupported(names, what), |part| Part::Route(part.into()))
        }
        (Kind::Policy, Some(Body::Policy(policy))) => {
            same(&policy.name)?;
            limit::policy(&policy.limits)
                .map_or_else(|what| unsupported(Vec::new(), what), |part| Part::Policy(part.into()))
        }
        (Kind::Header, Some(Body::Header(told))) => Part::Header(header(told)),
        (Kind::Provider | Kind::Credentials | Kind::Route | Kind::Policy, Some(Body::Broken(broken))) => {
            let v1::Broken { names, spec, reason } = broken;
            let names = names.into_iter().map(Into::into).collect();
            Part::Broken(Broken { names, spec: spec.into(), reason: reason.into() }.into())
        }
        (kind, Some(_)) => return Err(Malformed(format!("the body is none of a {}", kind.as_str()))),
    };
    Ok(Some(part))
}

/// The view that parts make together, whatever is missing of it.
pub fn view<'a>(revision: &str, parts: impl IntoIterator<Item = (&'a str, &'a Part)>) -> View {
    let mut view = View { revision: revision.into(), ..View::default() };
    let mut header = Header::default();
    let mut unsupported: Vec<(Box<str>, Closed)> = Vec::new();
    let mut refused = None;
    for (key, part) in parts {
        let Some((kind, name)) = key::parse(key) else { continue };
        match part {
            Part::Provider(offering) => drop(view.providers.insert(name.into(), offering.clone())),
            Part::Credentials(keys) => drop(view.credentials.insert(name.into(), keys.clone())),
            Part::Route(part) => drop(view.routes.insert(name.into(), part.clone())),
            Part::Policy(part) => drop(view.policies.insert(name.into(), part.clone())),
            Part::Header(told) => header = told.clone(),
            Part::Broken(broken) => {
                if kind == Kind::Policy {
                    let object = format!("ModelPolicy {name}").into();
                    refused = Some(Closed::Broken { object, reason: broken.reason.clone() });
                }
                if let Some(object) = object(kind) {
                    view.broken.insert((object, name.into()), broken.clone());
                }
            }
            Part::Unsupported { names, .. } => {
                let object = object(kind).map_or("", Object::as_str);
                let why = Closed::Unsupported { object: format!("{object} {name}").into() };
                if matches!(kind, Kind::Policy | Kind::Header) {
                    refused = Some(why.clone());
                }
                unsupported.extend(names.iter().map(|name| (name.clone(), why.clone())));
            }
        }
    }
    header.closed.extend(unsupported);
    header.refused = header.refused.or(refused);
    view.header = header.into();
    view
}

/// The object that a resource of `kind` is made of, where it is one that can be broken.
fn object(kind: Kind) -> Option<Object> {
    match kind {
        Kind::Provider => Some(Object::Provider),
        Kind::Route => Some(Object::Route),
        Kind::Policy => Some(Object::Policy),
        Kind::Credentials | Kind::Header => None,
    }
}

fn credentials(set: &v1::CredentialSet) -> Arc<[Credential]> {
    let v1::CredentialSet { provider, credentials } = set;
    credentials.iter().map(|key| Credential::new(provider, &key.name, &key.secret, key.weight)).collect()
}

fn header(told: v1::Header) -> Header {
    let v1::Header { limits, refused, closed, forbidden, forbidden_more, policies, alive } = told;
    Header {
        limits: limits.into(),
        policies: policies.into_iter().map(|it| (it.name.into(), it.hash.into())).collect(),
        alive: alive.into_iter().map(|it| (it.provider.into(), it.credentials.into())).collect(),
        refused: refused.map(|closed| why(closed.why)),
        closed: closed.into_iter().map(|closed| (closed.name.into(), why(closed.why))).collect(),
        forbidden: forbidden
            .into_iter()
            .map(|one| {
                let v1::Forbidden { provider, model, upstream_name, policy, rule } = one;
                Forbidden {
                    provider: provider.into(),
                    model: model.into(),
                    upstream_name: upstream_name.into(),
                    policy: policy.into(),
                    rule: rule.into(),
                }
            })
            .collect(),
        forbidden_more,
    }
}

/// A name is closed also for a reason that this build does not know.
fn why(why: Option<v1::closed::Why>) -> Closed {
    match why {
        Some(v1::closed::Why::Broken(v1::BrokenObject { object, reason })) => {
            Closed::Broken { object: object.into(), reason: reason.into() }
        }
        Some(v1::closed::Why::NotForWorkload(route)) => Closed::NotForWorkload { route: route.into() },
        None => Closed::Unsupported { object: "a policy".into() },
    }
}
