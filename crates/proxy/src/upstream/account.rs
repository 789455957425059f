//! What all requests to one provider have in common, made once when the policy is published: where they go, the headers
//! of policy, and how it is shown a key.

use std::{fmt, sync::Arc, time::SystemTime};

use http::{HeaderName, HeaderValue, Uri};
use outrigger_route::snapshot::Provider;
use outrigger_wire::{Failure, Kind, Operation};

use super::{
    Endpoint, Upstreams,
    sent::Unsent,
    signer::{Signer, Signing},
};

/// A provider, ready to be asked.
#[derive(Debug)]
pub(crate) struct Account {
    /// Or why it cannot be reached.
    to: Result<Place, Box<str>>,
    signer: Signer,
    /// Those of policy.
    headers: Box<[(HeaderName, HeaderValue)]>,
}

/// Where a provider is.
#[derive(Debug)]
struct Place {
    endpoint: Arc<Endpoint>,
    /// The path of every operation.
    paths: Box<[Uri]>,
}

impl Account {
    pub(crate) fn new(provider: &Provider, upstreams: &Upstreams) -> Self {
        let headers = provider.headers.iter();
        Self {
            to: to(provider, upstreams),
            signer: Signer::of(provider),
            headers: headers
                .filter_map(|(name, value)| {
                    Some((HeaderName::try_from(&**name).ok()?, HeaderValue::try_from(&**value).ok()?))
                })
                .collect(),
        }
    }

    /// Where `operation` is asked for: the connections, and the path on them.
    pub(crate) fn to(&self, operation: Operation) -> Result<(&Arc<Endpoint>, Uri), Failure> {
        match &self.to {
            Ok(Place { endpoint, paths }) => Ok((endpoint, paths[operation as usize].clone())),
            Err(why) => Err(Failure::local(Kind::Connect, &**why)),
        }
    }

    /// Puts the headers of policy on `request`, which is whole but for these, and signs it with credential `key`.
    pub(crate) fn sign(&self, request: &mut Unsent, key: Option<usize>) -> Result<(), Failure> {
        let Ok(Place { endpoint, .. }) = &self.to else { return Ok(()) };
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        self.signer.sign(Signing { request, host: endpoint.host(), key }, SystemTime::now)
    }
}

/// Or why it cannot be reached.
fn to(provider: &Provider, upstreams: &Upstreams) -> Result<Place, Box<str>> {
    let unusable = |why: &dyn fmt::Display| format!("the provider's base URL is not usable: {why}");
    let base: Uri = provider.base_url.parse().map_err(|error: http::uri::InvalidUri| unusable(&error))?;
    if base.authority().is_none() {
        return Err(unusable(&"it names no host").into());
    }
    let prefix = base.path_and_query().map_or("", |path| path.as_str()).trim_end_matches('/');
    let paths = Operation::ALL.map(|operation| format!("{prefix}{}", operation.path()).parse::<Uri>());
    let paths: Result<Box<[Uri]>, _> = paths.into_iter().collect();
    let paths = paths.map_err(|error| unusable(&error))?;
    let untrusted = |why| format!("the authorities that the provider names (spec.tls.caRef) cannot be trusted: {why}");
    let endpoint = upstreams.endpoint(&base, provider.authorities.as_ref()).map_err(untrusted)?;
    Ok(Place { endpoint, paths })
}
