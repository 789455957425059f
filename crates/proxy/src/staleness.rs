//! How long the policy being served may have been out of date: told to callers, and when somebody looks.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, HeaderValue};

use crate::headers::POLICY_AGE;

/// Unix seconds since when; zero = it is current.
#[derive(Debug, Default)]
pub(crate) struct Staleness(AtomicU64);

impl Staleness {
    pub(crate) fn set(&self, since: Option<SystemTime>) {
        self.0.store(since.map_or(0, |since| unix(since).max(1)), Relaxed);
    }

    /// `None` where it is current.
    pub(crate) fn seconds(&self) -> Option<u64> {
        let since = self.0.load(Relaxed);
        // A clock that is set back makes nothing younger than now.
        (since != 0).then(|| unix(SystemTime::now()).saturating_sub(since))
    }

    /// Says so in an answer's headers, if there is something to say.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.seconds() {
            headers.insert(POLICY_AGE, HeaderValue::from(seconds));
        }
    }
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_is_stale_has_an_age() {
        let staleness = Staleness::default();
        let told = || {
            let mut headers = HeaderMap::new();
            staleness.tell(&mut headers);
            headers.get(POLICY_AGE).and_then(|age| age.to_str().ok()?.parse::<u64>().ok())
        };
        assert_eq!((staleness.seconds(), told()), (None, None));
        staleness.set(Some(SystemTime::now() - Duration::from_secs(90)));
        assert!(told().is_some_and(|age| (90..95).contains(&age)));
        staleness.set(Some(SystemTime::now() + Duration::from_secs(90)));
        assert_eq!(told(), Some(0), "the clock was set back");
        staleness.set(Some(UNIX_EPOCH));
        assert!(told().is_some());
        staleness.set(None);
        assert_eq!((staleness.seconds(), told()), (None, None));
    }
}
