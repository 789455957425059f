//! What a token says, and the rules for it. Pure: the signature has been checked, the time is an argument.

use std::{collections::BTreeMap, fmt, time::SystemTime};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};

use super::{AUDIENCE, Account, ISSUER, Identity, LEEWAY, LONGEST, Refused, Stands, Token, Workload, seconds, time};

/// The claims, all of them: one more or one twice and the token is refused.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) jti: String,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    pub(super) namespace: String,
    pub(super) service_account: String,
    #[serde(deserialize_with = "each_once")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) team: Option<String>,
}

impl Claims {
    /// Claims of a token that begins at `from`.
    pub(super) fn new(workload: &Workload, jti: String, from: u64, to: u64) -> Self {
        let Workload { namespace, service_account, labels, team } = workload.clone();
        let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
        Self { iss, aud, jti, iat: from, nbf: from, exp: to, namespace, service_account, labels, team }
    }

    /// Reads what a key of ours has signed.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Refused> {
        serde_json::from_slice(payload).map_err(|_| Refused::Malformed)
    }

    /// Who it is, if the token counts at `now`. Whether it was revoked is for somebody else to say.
    pub(super) fn identity(self, kid: String, now: SystemTime) -> Result<Identity, Refused> {
        let Self { iss, aud, jti, iat, nbf, exp, namespace, service_account, labels, team } = self;
        if aud != AUDIENCE {
            return Err(Refused::WrongAudience);
        }
        if iss != ISSUER || !is_id(&jti) || exp <= iat {
            return Err(Refused::Malformed);
        }
        // Before the rest: a token that says it lives for years is refused today, not when that becomes inconvenient.
        if exp - iat > LONGEST.as_secs() {
            return Err(Refused::TooLongLived);
        }
        let (now, expires) = (seconds(now), time(exp).ok_or(Refused::Malformed)?);
        if now >= exp {
            return Err(Refused::Expired);
        }
        if iat.max(nbf) > now.saturating_add(LEEWAY.as_secs()) {
            return Err(Refused::NotYetValid);
        }
        let workload = Workload { namespace, service_account, labels, team };
        workload.check().map_err(|_| Refused::Malformed)?;
        let Workload { namespace, service_account, labels, team } = workload;
        Ok(Identity {
            workload: outrigger_compile::Workload { namespace, service_account, labels },
            // A token names no owner; a pod does.
            account: Account { owner: None, team: team.map(Into::into) },
            token: Token { expires, id: jti.into(), stands: Stands::Key(kid.into()) },
        })
    }
}

/// Whether `text` can be the name of a token: 128 bits in hex.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A map whose keys are there once: which of two would count is nothing to leave to a parser.
fn each_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct EachOnce;
    impl<'de> Visitor<'de> for EachOnce {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with every key once")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = from.next_entry()? {
                if map.insert(key, value).is_some() {
                    return Err(A::Error::custom("a key twice"));
                }
            }
            Ok(map)
        }
    }
    deserializer.deserialize_map(EachOnce)
}
