//! What all requests to one provider have in common, made once when the policy is published: where they go, the headers
//! of policy, and the keys in the form in which they are sent.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use outrigger_route::snapshot::{Credential, Provider};
use outrigger_wire::{AuthScheme, Failure, Kind, Operation};

use super::{Endpoint, Upstreams};

/// A provider, ready to be asked.
pub(crate) struct Account {
    /// Or why it cannot be reached.
    to: Result<Place, Box<str>>,
    /// The header of each credential, by place.
    keys: Box<[Result<HeaderValue, Box<str>>]>,
    /// `None`: keys are not sent.
    key_name: Option<Result<HeaderName, ()>>,
    headers: Box<[(HeaderName, HeaderValue)]>,
}

/// Where a provider is.
struct Place {
    endpoint: Arc<Endpoint>,
    /// The path of every operation.
    paths: Box<[Uri]>,
}

impl Account {
    pub(crate) fn new(provider: &Provider, upstreams: &Upstreams) -> Self {
        let (key_name, prefix) = match &provider.auth {
            AuthScheme::None => (None, ""),
            AuthScheme::Bearer => (Some(Ok(header::AUTHORIZATION)), "Bearer "),
            AuthScheme::Header(name) => (Some(HeaderName::try_from(&**name).map_err(drop)), ""),
        };
        let headers = provider.headers.iter();
        Self {
            to: to(provider, upstreams),
            keys: provider.credentials.iter().map(|credential| key(credential, prefix)).collect(),
            key_name,
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

    /// Puts the headers of policy on a request, and credential `key`.
    pub(crate) fn sign(&self, headers: &mut HeaderMap, key: Option<usize>) -> Result<(), Failure> {
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        // An in-cluster endpoint may need no key although its dialect has a scheme for one.
        let (Some(name), Some(key)) = (&self.key_name, key.and_then(|at| self.keys.get(at))) else { return Ok(()) };
        let refused = |why: &str| Failure::local(Kind::Unauthorized, why);
        let name = name.clone().map_err(|()| refused("the provider's auth header has no valid name"))?;
        headers.insert(name, key.clone().map_err(|why| refused(&why))?);
        Ok(())
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

fn key(credential: &Credential, prefix: &str) -> Result<HeaderValue, Box<str>> {
    let Credential { name, secret, .. } = credential;
    let mut value = HeaderValue::try_from(format!("{prefix}{}", secret.expose()))
        .map_err(|_| format!("credential `{name}` has characters a header cannot hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Says nothing of the keys.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}
