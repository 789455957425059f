//! Keeps provider keys to ourselves when a provider echoes them (Z6): in error bodies, in messages, in headers.

use bytes::Bytes;
use http::HeaderMap;
use memchr::memmem;
use outrigger_route::snapshot::Provider;
use outrigger_wire::Failure;

const REPLACEMENT: &str = "[redacted]";

/// Takes every key of `provider` out of what an attempt failed with.
pub(crate) fn failure(failure: &mut Failure, provider: &Provider) {
    for credential in provider.credentials.iter() {
        let key = credential.secret.expose();
        if key.is_empty() {
            continue;
        }
        if failure.message.contains(key) {
            failure.message = failure.message.replace(key, REPLACEMENT).into();
        }
        if let Some(body) = failure.body.as_mut().filter(|body| memmem::find(body, key.as_bytes()).is_some()) {
            *body = Bytes::from(String::from_utf8_lossy(body).replace(key, REPLACEMENT));
        }
    }
}

/// Drops every header of an answer that holds a key of `provider`.
pub(crate) fn headers(headers: &mut HeaderMap, provider: &Provider) {
    let holds_key = |value: &http::HeaderValue| {
        provider.credentials.iter().any(|credential| {
            let key = credential.secret.expose().as_bytes();
            !key.is_empty() && value.len() >= key.len() && memmem::find(value.as_bytes(), key).is_some()
        })
    };
    let echoing: Vec<_> = headers.iter().filter(|(_, value)| holds_key(value)).map(|(name, _)| name.clone()).collect();
    for name in echoing {
        headers.remove(name);
    }
}
