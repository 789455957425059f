//! One update.

use std::{collections::BTreeMap, time::SystemTime};

use outrigger_api::{
    Hash,
    decode::{self, Malformed, Part},
    hash,
    key::{self, HEADER, Kind},
    v1,
};

use super::{BYTES, Holdings, Kept, MOST, Said};

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
        let mut reject = |key: &str, code: &str, reason: String| {
            rejections.push(v1::Rejection { key: key.to_owned(), code: code.to_owned(), reason });
        };
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
                    let reason = format!("{what} is not known to version {}", env!("CARGO_PKG_VERSION"));
                    reject(&key, "policy_unsupported", reason);
                }
                Ok(_) => {}
            }
            said.insert(key.into(), Said { hash, body });
        }
        let bytes: usize = said.values().map(|said| said.body.len()).sum();
        if said.len() > MOST || bytes > BYTES {
            return Err(format!("{} resources of {bytes} bytes are more than a sidecar holds", said.len()));
        }
        self.kept = keep(before, &said, now);
        self.said = said;
        self.revision = revision.into();
        self.received = Some(now);
        Ok(rejections)
    }

    /// What is good of it now, by key.
    fn good(&self) -> BTreeMap<Box<str>, Kept> {
        let limits = limits(&self.said);
        let whole = self.said.iter().filter(|(key, said)| !is_broken(key, said)).map(|(key, said)| {
            // Its time is when it stops being the present value.
            let kept = Kept { body: said.body.clone(), since: SystemTime::UNIX_EPOCH, limits: limits.clone() };
            (key.clone(), kept)
        });
        let mut good: BTreeMap<_, _> = match refused(&self.said) && !self.kept.is_empty() {
            true => BTreeMap::new(),
            false => whole.collect(),
        };
        good.extend(self.kept.clone());
        good
    }
}

/// What of `before` goes on beside `said`.
fn keep(
    before: BTreeMap<Box<str>, Kept>,
    said: &BTreeMap<Box<str>, Said>,
    now: SystemTime,
) -> BTreeMap<Box<str>, Kept> {
    let (refused, limits) = (refused(said), limits(said));
    let goes_on = |key: &str, kept: &Kept| {
        // Nothing is known to be allowed, so what was allowed goes on as a whole.
        if refused {
            return true;
        }
        let broken = said.get(key).is_some_and(|said| is_broken(key, said));
        let kind = key::parse(key).map(|(kind, _)| kind);
        // Where the limits have changed nobody has asked whether this provider is still within them.
        broken && (matches!(kind, Some(Kind::Route)) || kept.limits == limits)
    };
    let kept = before.into_iter().filter(|(key, kept)| goes_on(key, kept));
    kept.map(|(key, kept)| {
        let since = if kept.since == SystemTime::UNIX_EPOCH { now } else { kept.since };
        (key, Kept { since, ..kept })
    })
    .collect()
}

fn is_broken(key: &str, said: &Said) -> bool {
    matches!(decode::part(key, &said.body), Ok(Some(Part::Broken(_))))
}

fn header(said: &BTreeMap<Box<str>, Said>) -> Option<outrigger_route::view::Header> {
    match decode::part(HEADER, &said.get(HEADER)?.body) {
        Ok(Some(Part::Header(header))) => Some(header),
        _ => None,
    }
}

/// Whether a policy over this workload is broken.
pub(super) fn refused(said: &BTreeMap<Box<str>, Said>) -> bool {
    header(said).is_some_and(|header| header.refused.is_some())
}

fn limits(said: &BTreeMap<Box<str>, Said>) -> Box<str> {
    header(said).map(|header| header.limits).unwrap_or_default()
}

/// The hash of a body, for those that build a [`Said`].
pub(crate) fn said(body: bytes::Bytes) -> Said {
    let hash: Hash = hash(&body);
    Said { hash, body }
}
