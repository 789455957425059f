//! How a request shows who asks: a key in a header, or nothing. The one place where keys become headers.

use std::{fmt, time::SystemTime};

use http::{HeaderName, HeaderValue, Request, header};
use outrigger_route::snapshot::{Credential, Provider};
use outrigger_wire::{AuthScheme, Failure, Kind};

use super::sent::Sent;

/// Shows keys in a provider's manner.
pub(super) enum Signer {
    /// Not at all: an endpoint that trusts its network.
    Nobody,
    /// In a header.
    Header {
        /// Or it has no valid name.
        name: Result<HeaderName, ()>,
        /// Of each credential, by place, or why it can be shown to nobody.
        values: Box<[Result<HeaderValue, Box<str>>]>,
    },
}

/// A request that is whole but for its signature: method, path, headers and body are as they will be sent.
pub(super) struct Signing<'r> {
    pub(super) request: &'r mut Request<Sent>,
    /// To whom, as the `host` header, or its like, will say.
    #[expect(dead_code, reason = "what is signed may name it; a key in a header does not")]
    pub(super) host: &'r HeaderValue,
    /// Place of the credential among the provider's.
    pub(super) key: Option<usize>,
}

impl Signer {
    pub(super) fn of(provider: &Provider) -> Self {
        let with = |name, prefix: &str| Self::Header {
            name,
            values: provider.credentials.iter().map(|credential| value(credential, prefix)).collect(),
        };
        match &provider.auth {
            AuthScheme::None => Self::Nobody,
            AuthScheme::Bearer => with(Ok(header::AUTHORIZATION), "Bearer "),
            AuthScheme::Header(name) => with(HeaderName::try_from(&**name).map_err(drop), ""),
        }
    }

    /// Signs. `now` is asked by those whose signature says when it was made.
    pub(super) fn sign(&self, signing: Signing<'_>, _now: impl FnOnce() -> SystemTime) -> Result<(), Failure> {
        let Self::Header { name, values } = self else { return Ok(()) };
        // An in-cluster endpoint may need no key although its dialect has a scheme for one.
        let Some(value) = signing.key.and_then(|at| values.get(at)) else { return Ok(()) };
        let refused = |why: &str| Failure::local(Kind::Unauthorized, why);
        let name = name.clone().map_err(|()| refused("the provider's auth header has no valid name"))?;
        signing.request.headers_mut().insert(name, value.clone().map_err(|why| refused(&why))?);
        Ok(())
    }
}

fn value(credential: &Credential, prefix: &str) -> Result<HeaderValue, Box<str>> {
    let Credential { name, secret, .. } = credential;
    let mut value = HeaderValue::try_from(format!("{prefix}{}", secret.expose()))
        .map_err(|_| format!("credential `{name}` has characters a header cannot hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Says nothing of the keys.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}
