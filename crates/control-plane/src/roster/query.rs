//! What of the fleet somebody asks for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{fleet::Connection, publish::Holds};

/// Most sidecars in one answer: all that a replica has, unless it was told to have more.
pub(super) const MOST: usize = 20_000;
/// Longest query that is read.
const LONGEST: usize = 4 << 10;

/// Which sidecars to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Those of this namespace.
    pub(super) namespace: Option<String>,
    /// Those that hold this key: `namespace/provider/name`.
    pub(super) credential: Option<String>,
    /// At most so many.
    pub(super) limit: usize,
    /// Those behind this one.
    pub(super) after: Option<String>,
}

impl Query {
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        if query.len() > LONGEST {
            return Err("the query is longer than 4 KiB".to_owned());
        }
        let mut all = Self { namespace: None, credential: None, limit: MOST, after: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value).ok_or_else(|| format!("the value of {name:?} is not percent-encoded text"))?;
            match name {
                "namespace" => all.namespace = Some(value),
                "credential" if value.split('/').filter(|part| !part.is_empty()).count() >= 3 => {
                    all.credential = Some(value);
                }
                "credential" => return Err(format!("{value:?} is no credential: write namespace/provider/name")),
                "limit" => match value.parse() {
                    Ok(limit @ 1..=MOST) => all.limit = limit,
                    _ => return Err(format!("{value:?} is no limit: a number from 1 to {MOST}")),
                },
                "continue" => {
                    let after = URL_SAFE_NO_PAD.decode(&value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                    all.after = Some(after.ok_or("`continue` is the word that an answer gave, unchanged")?);
                }
                _ => {
                    return Err(format!("{name:?} is not known: namespace, credential, limit and continue are"));
                }
            }
        }
        Ok(all)
    }

    /// Whether a sidecar is asked for. Unsure: of the key that is asked for it is not known.
    pub(super) fn asks_for(&self, connection: &Connection) -> Holds {
        if self.namespace.as_ref().is_some_and(|namespace| *namespace != connection.workload().namespace) {
            return Holds::No;
        }
        let Some(credential) = &self.credential else { return Holds::Yes };
        let about = connection.about();
        // One that has acknowledged nothing here may have brought anything along.
        about.acked.as_ref().map_or(Holds::Unsure, |held| held.keys.holds(credential, about.rejected()))
    }
}

/// What an answer gives for the next to continue with.
pub(super) fn token(order: &str) -> String {
    URL_SAFE_NO_PAD.encode(order)
}

/// Without the percent signs.
pub(crate) fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        let all = Query { namespace: None, credential: None, limit: MOST, after: None };
        assert_eq!(Query::parse("").unwrap(), all);
        let query = format!("namespace=shop&credential=a%2fp%2Fmain&limit=5&continue={}", token("a/b"));
        assert_eq!(
            Query::parse(&query).unwrap(),
            Query {
                namespace: Some("shop".into()),
                credential: Some("a/p/main".into()),
                limit: 5,
                after: Some("a/b".into())
            }
        );
        assert_eq!(Query::parse("credential=a/p/main").unwrap().credential.as_deref(), Some("a/p/main"));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (query, why) in [
            ("credential=a/p", "namespace/provider/name"),
            ("credential=a//p", "namespace/provider/name"),
            ("limit=0", "from 1 to"),
            ("limit=20001", "from 1 to"),
            ("limit=x", "from 1 to"),
            ("continue=%00%00", "unchanged"),
            ("namespace=%zz", "percent-encoded"),
            ("namespace=%f", "percent-encoded"),
            ("namespaces=a", "not known"),
            (&"a".repeat(LONGEST + 1), "longer"),
        ] {
            let told = Query::parse(query).unwrap_err();
            assert!(told.contains(why), "{query}: {told}");
        }
    }
}
