//! What was held, and a bootstrap that is newer.

use std::collections::BTreeMap;

use outrigger_api::{
    key::{self, Kind},
    revision, v1,
};
use prost::Message as _;

use super::Holdings;
use crate::bootstrap::Bootstrap;

impl Holdings {
    /// Takes over the policy of `bootstrap`. A bootstrap has no keys: those that are held go on where their provider is still
    /// there and is still asked in the same place and way.
    ///
    /// # Errors
    ///
    /// If any of it is malformed, or there is too much of it: a policy that is not whole may be wider than it was meant.
    pub(crate) fn boot(&self, bootstrap: Bootstrap) -> Result<Self, String> {
        let Bootstrap { resources, written, keys: _ } = bootstrap;
        let now: BTreeMap<&str, &[u8]> = resources.iter().map(|it| (it.key.as_str(), &it.body[..])).collect();
        let stays = |key: &str| match key::parse(key) {
            Some((Kind::Credentials, name)) => {
                let provider = Kind::Provider.key(name);
                let before = self.said.get(provider.as_str()).and_then(|said| asked(&said.body));
                before.is_some() && before == now.get(provider.as_str()).and_then(|body| asked(body))
            }
            _ => now.contains_key(key),
        };
        let removed = self.said.keys().filter(|key| !stays(key)).map(ToString::to_string).collect();
        let mut held = self.clone();
        let update = v1::Update { revision: String::new(), resources, removed };
        let rejections = held.apply(update, written)?;
        if let Some(bad) = rejections.iter().find(|it| it.code == "malformed") {
            return Err(format!("{} is malformed: {}", bad.key, bad.reason));
        }
        held.revision = revision(held.said.iter().map(|(key, said)| (&**key, &said.hash[..])));
        Ok(held)
    }
}

/// Where and how a provider is asked: what its keys are for.
fn asked(body: &[u8]) -> Option<(String, Option<v1::Auth>)> {
    match v1::Body::decode(body).ok()?.body? {
        v1::body::Body::Provider(v1::Provider { base_url, auth, .. }) => Some((base_url, auth)),
        _ => None,
    }
}
