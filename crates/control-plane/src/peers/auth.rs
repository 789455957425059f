//! How replicas know each other.
//!
//! Who answers shows a certificate of the authority, as to sidecars. Who asks shows that it holds the authority's key, which
//! only replicas do: a keyed hash of the time, by a key that follows from that one. It is good for five minutes, and shown to
//! nobody whose certificate is not the authority's.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;

/// How far the clocks of two replicas may be apart, and how long what was shown is good.
const SKEW: Duration = Duration::from_secs(5 * 60);
/// What the key is for: no other keyed hash of it is ever this.
const PURPOSE: &[u8] = b"outrigger.dev/peer/v1";

/// Proves to other replicas that this is one, and has them prove it.
pub(crate) trait PeerAuth: fmt::Debug + Send + Sync {
    /// The bearer token to show at `now`; `None` while there is nothing to prove it with.
    fn token(&self, now: SystemTime) -> Option<String>;

    /// Whether `token` proves it at `now`.
    fn accepts(&self, token: &str, now: SystemTime) -> bool;
}

/// By a secret that all replicas have.
pub(crate) struct SharedSecret {
    /// The first is used, all are accepted: replicas do not take over a new authority at one moment.
    keys: ArcSwap<Vec<hmac::Key>>,
}

impl SharedSecret {
    /// By secrets that follow from the keys of the authorities, the present one first.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Arc<Self> {
        let new = Self { keys: ArcSwap::default() };
        new.set(secrets);
        Arc::new(new)
    }

    /// By others from now on.
    pub(crate) fn set<'a>(&self, secrets: impl IntoIterator<Item = &'a [u8]>) {
        let key = |secret: &[u8]| {
            let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), PURPOSE);
            hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
        };
        self.keys.store(Arc::new(secrets.into_iter().map(key).collect()));
    }
}

impl PeerAuth for SharedSecret {
    fn token(&self, now: SystemTime) -> Option<String> {
        let at = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs().to_string();
        let keys = self.keys.load();
        let proof = hmac::sign(keys.first()?, at.as_bytes());
        Some(format!("peer.{at}.{}", URL_SAFE_NO_PAD.encode(proof)))
    }

    fn accepts(&self, token: &str, now: SystemTime) -> bool {
        let Some((at, proof)) = token.strip_prefix("peer.").and_then(|rest| rest.split_once('.')) else { return false };
        let Ok(proof) = URL_SAFE_NO_PAD.decode(proof) else { return false };
        let good = self.keys.load().iter().any(|key| hmac::verify(key, at.as_bytes(), &proof).is_ok());
        let then = at.parse().ok().and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at)));
        good && then.is_some_and(|then| now.duration_since(then).unwrap_or_else(|ahead| ahead.duration()) <= SKEW)
    }
}

/// Shows no key.
impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSecret").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_secret_is_known_for_five_minutes() {
        let (mine, theirs) = (SharedSecret::new([&b"secret"[..]]), SharedSecret::new([&b"secret"[..]]));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let token = mine.token(now).expect("a token");
        let at = |seconds: u64| theirs.accepts(&token, now + Duration::from_secs(seconds));
        assert!(at(0) && at(300) && !at(301));
        assert!(theirs.accepts(&token, now - Duration::from_secs(300)));
        assert!(!theirs.accepts(&token, now - Duration::from_secs(301)));
        assert!(!SharedSecret::new([&b"other"[..]]).accepts(&token, now));
        assert!(!SharedSecret::new([]).accepts(&token, now) && SharedSecret::new([]).token(now).is_none());
    }

    #[test]
    fn what_was_changed_is_nothing() {
        let auth = SharedSecret::new([&b"secret"[..]]);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let token = auth.token(now).expect("a token");
        let later = token.replace("1800000000", "1800000001");
        let huge = token.replace("1800000000", &u64::MAX.to_string());
        for bad in ["", "peer", "peer..", "peer.1800000000.", &token[5..], &token[..token.len() - 1], &later, &huge] {
            assert!(!auth.accepts(bad, now), "{bad}");
        }
        assert!(!format!("{auth:?}").contains("secret"));
    }

    #[test]
    fn an_authority_that_follows_another_is_accepted_before_it_is_used() {
        let (old, new) = (&b"old"[..], &b"new"[..]);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (first, second) = (SharedSecret::new([old]), SharedSecret::new([old, new]));
        first.set([new, old]);
        let meet = |one: &SharedSecret, other: &SharedSecret| one.token(now).is_some_and(|it| other.accepts(&it, now));
        assert!(meet(&first, &second) && meet(&second, &first));
    }
}
