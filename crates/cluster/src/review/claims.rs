//! What a token says of itself: enough to refuse it without asking anybody, never to believe it.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::verdict::{AUDIENCE, Refusal};

/// Longest token: as much as the headers of a call may have. One that is bound to a pod has a kilobyte.
const LONGEST: usize = 16 << 10;

/// The few claims that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    /// When it ends.
    pub(super) expires: SystemTime,
    /// Our audience is among those that it names.
    ours: bool,
}

#[derive(Deserialize)]
struct Payload {
    exp: Option<u64>,
    #[serde(default)]
    aud: Audiences,
}

/// RFC 7519: a list, or one without a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    Many(Vec<String>),
    One(String),
}

impl Default for Audiences {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Claims {
    /// Reads them. The signature is looked at by nobody here.
    pub(super) fn of(token: &str) -> Result<Self, Refusal> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Malformed);
        };
        if token.len() > LONGEST || header.is_empty() || signature.is_empty() {
            return Err(Refusal::Malformed);
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Refusal::Malformed)?;
        let Payload { exp, aud } = serde_json::from_slice(&payload).map_err(|_| Refusal::Malformed)?;
        let ours = match aud {
            Audiences::Many(many) => many.iter().any(|audience| audience == AUDIENCE),
            Audiences::One(one) => one == AUDIENCE,
        };
        // One without an end is of the old kind, which is for everybody and of no pod.
        let Some(exp) = exp else { return Err(if ours { Refusal::NotBound } else { Refusal::WrongAudience }) };
        let expires = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(exp)).ok_or(Refusal::Malformed)?;
        Ok(Self { expires, ours })
    }

    /// Whether it is worth asking about.
    pub(super) fn counts(&self, now: SystemTime) -> Result<(), Refusal> {
        match () {
            () if !self.ours => Err(Refusal::WrongAudience),
            () if now >= self.expires => Err(Refusal::Expired),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn judged(payload: &str) -> Result<SystemTime, Refusal> {
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload));
        Claims::of(&token).and_then(|claims| claims.counts(at(1000)).map(|()| claims.expires))
    }

    #[test]
    fn what_is_not_for_us_or_over_is_not_asked_about() {
        let ours = r#""outrigger-control-plane""#;
        assert_eq!(judged(&format!(r#"{{"aud": [{ours}], "exp": 1001, "sub": {{}}}}"#)), Ok(at(1001)));
        assert_eq!(judged(&format!(r#"{{"aud": {ours}, "exp": 2000}}"#)), Ok(at(2000)));
        assert_eq!(judged(&format!(r#"{{"aud": ["a", {ours}], "exp": 2000}}"#)), Ok(at(2000)));
        assert_eq!(judged(&format!(r#"{{"aud": [{ours}], "exp": 1000}}"#)), Err(Refusal::Expired));
        assert_eq!(judged(r#"{"aud": ["https://kubernetes.default.svc"], "exp": 2000}"#), Err(Refusal::WrongAudience));
        assert_eq!(judged(r#"{"exp": 2000}"#), Err(Refusal::WrongAudience));
        assert_eq!(judged(r#"{"sub": "legacy"}"#), Err(Refusal::WrongAudience));
        assert_eq!(judged(&format!(r#"{{"aud": [{ours}]}}"#)), Err(Refusal::NotBound));
    }

    #[test]
    fn what_is_no_token_is_not_asked_about() {
        for payload in ["", "[]", "{", r#"{"exp": -1}"#, r#"{"exp": "soon"}"#, r#"{"aud": 1, "exp": 2000}"#] {
            assert_eq!(judged(payload), Err(Refusal::Malformed), "{payload}");
        }
        assert_eq!(judged(&format!(r#"{{"aud": "{AUDIENCE}", "exp": {}}}"#, u64::MAX)), Err(Refusal::Malformed));
        let good = URL_SAFE_NO_PAD.encode(format!(r#"{{"aud": "{AUDIENCE}", "exp": 2000}}"#));
        for token in ["", "a", "a.b", "..", &format!(".{good}.s"), &format!("h.{good}."), &format!("h.{good}.s.t")] {
            assert_eq!(Claims::of(token), Err(Refusal::Malformed), "{token}");
        }
        let long = |length: usize| format!("{}.{good}.s", "h".repeat(length - good.len() - 3));
        assert!(Claims::of(&long(LONGEST)).is_ok());
        assert_eq!(Claims::of(&long(LONGEST + 1)), Err(Refusal::Malformed));
    }
}
