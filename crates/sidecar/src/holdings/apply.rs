//! One update.

use std::{collections::BTreeMap, time::SystemTime};

use outrigger_api::{
    Hash,
    decode::{self, Malformed, Part},
    hash,
    key::{self, HEADER, Kind},
    v1,
};
use outrigger_route::view::Header;

use super::{BYTES, Found, Holdings, Kept, MOST, Said};

/// Most that is said of what came earlier: an ack is a small message.
const TOLD: usize = 64;

impl Holdings {
    /// Applies what is good of `update` and answers what is not (R-CFG-5). What is malformed leaves its earlier value; what
    /// is not supported is taken over, and closes what it is about.
    ///
    /// # Errors
    ///
    /// If it would hold more than is ever held: then nothing has changed.
    pub(crate) fn apply(&mut self, update: v1::Update, now: SystemTime) -> Result<Vec<v1::Rejection>, String> {
        let v1::Update { revision, resources, removed } = update;
        let before = self.good();
        let mut said = self.said.clone();
        removed.iter().for_each(|key| drop(said.remove(key.as_str())));
        let mut rejections = Vec::new();
        let mut reject = |key: &str, code: &str, reason: String| rejections.push(rejection(key, code, reason));
        for v1::Resource { key, hash: told, body } in resources {
            let hash = hash(&body);
            if told[..] != hash {
                reject(&key, "malformed", "its body is not of its hash".to_owned());
                continue;
            }
            match decode::part(&key, &body) {
                Err(Malformed(reason)) => {
                    reject(&key, "malformed", reason);
                    continue;
                }
                Ok(Some(Part::Unsupported { what, .. })) => {
                    reject(&key, "policy_unsupported", not_known(what));
                }
                Ok(_) => {}
            }
            said.insert(key.into(), Said { hash, body });
        }
        let kept = keep(before, &said, now);
        let bytes: usize = said.values().map(|said| said.body.len()).sum();
        let earlier: usize = kept.values().map(|kept| kept.body.len()).sum();
        if said.len() > MOST || bytes > BYTES || earlier > BYTES {
            let earlier = format!("and earlier values of {earlier}");
            return Err(format!("{} resources of {bytes} bytes {earlier} are more than a sidecar holds", said.len()));
        }
        self.kept = kept;
        self.said = said;
        self.revision = revision.into();
        self.received = Some(now);
        // It has said which keys there are.
        self.mounted = Found::default();
        Ok(rejections)
    }

    /// What of it is not supported, but for `known`: to whoever opens a stream it may be news.
    pub(crate) fn unsupported(&self, known: &[v1::Rejection]) -> Vec<v1::Rejection> {
        let others = self.said.iter().filter(|(key, _)| !known.iter().any(|it| *it.key == ***key));
        let unsupported = others.filter_map(|(key, said)| match decode::part(key, &said.body) {
            Ok(Some(Part::Unsupported { what, .. })) => Some(rejection(key, "policy_unsupported", not_known(what))),
            _ => None,
        });
        unsupported.take(TOLD).collect()
    }

    /// What is good of it now, by key.
    fn good(&self) -> BTreeMap<Box<str>, Kept> {
        let mut good = BTreeMap::new();
        // Under a broken policy only what was good before it is.
        if !refused(&self.said) {
            let limits = header(&self.said).map(|header| header.limits).unwrap_or_default();
            let whole = self.said.iter().filter(|(key, said)| !is_broken(key, said)).map(|(key, said)| {
                let kept = Kept { body: said.body.clone(), since: None, limits: limits.clone() };
                (key.clone(), kept)
            });
            good.extend(whole);
        }
        good.extend(self.kept.clone());
        good
    }
}

fn rejection(key: &str, code: &str, reason: String) -> v1::Rejection {
    v1::Rejection { key: key.to_owned(), code: code.to_owned(), reason }
}

fn not_known(what: &str) -> String {
    format!("{what} is not known to version {}", env!("CARGO_PKG_VERSION"))
}

/// What of `before` goes on beside `said`.
fn keep(
    before: BTreeMap<Box<str>, Kept>,
    said: &BTreeMap<Box<str>, Said>,
    now: SystemTime,
) -> BTreeMap<Box<str>, Kept> {
    let header = header(said).unwrap_or_default();
    let refused = header.refused.is_some();
    if refused && !covers(&before, &header) {
        return BTreeMap::new();
    }
    let goes_on = |key: &str, kept: &Kept| {
        if refused {
            return is_alive(&header, key, kept);
        }
        let broken = said.get(key).is_some_and(|said| is_broken(key, said));
        let route = matches!(key::parse(key), Some((Kind::Route, _)));
        // Where the limits have changed nobody has asked whether this provider is still within them.
        broken && (route || kept.limits == header.limits)
    };
    let kept = before.into_iter().filter(|(key, kept)| goes_on(key, kept));
    kept.map(|(key, kept)| (key, Kept { since: kept.since.or(Some(now)), ..kept })).collect()
}

/// Whether the view that `before` is of was compiled under every policy that is understood now, as it is now.
fn covers(before: &BTreeMap<Box<str>, Kept>, now: &Header) -> bool {
    let then = before.get(HEADER).and_then(|kept| match decode::part(HEADER, &kept.body) {
        Ok(Some(Part::Header(header))) => Some(header.policies),
        _ => None,
    });
    then.is_some_and(|then| now.policies.iter().all(|policy| then.contains(policy)))
}

/// Whether a part of an earlier view may go on under a broken policy: not with a provider that is gone or no longer allowed,
/// and not with keys that are no longer those of today.
fn is_alive(now: &Header, key: &str, kept: &Kept) -> bool {
    let of = |name: &str| now.alive.iter().find(|(provider, _)| **provider == *name).map(|(_, keys)| keys);
    match key::parse(key) {
        Some((Kind::Provider, name)) => of(name).is_some(),
        Some((Kind::Credentials, name)) => of(name).is_some_and(|keys| keys.is_empty() || **keys == hash(&kept.body)),
        _ => true,
    }
}

fn is_broken(key: &str, said: &Said) -> bool {
    matches!(decode::part(key, &said.body), Ok(Some(Part::Broken(_))))
}

fn header(said: &BTreeMap<Box<str>, Said>) -> Option<Header> {
    match decode::part(HEADER, &said.get(HEADER)?.body) {
        Ok(Some(Part::Header(header))) => Some(header),
        _ => None,
    }
}

/// Whether a policy over this workload is broken.
pub(super) fn refused(said: &BTreeMap<Box<str>, Said>) -> bool {
    header(said).is_some_and(|header| header.refused.is_some())
}

/// The hash of a body, for those that build a [`Said`].
pub(crate) fn said(body: bytes::Bytes) -> Said {
    let hash: Hash = hash(&body);
    Said { hash, body }
}
