//! What stands in a question, and how it is answered: read, bounded, refused.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use outrigger_ledger::{Dimension, Query};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{
    ledger::program::now_ms,
    roster::{Page, decoded, refusal, text},
};

/// How long a body may take to come.
const WORD: Duration = Duration::from_secs(30);
/// Longest query that is read.
const LONGEST: usize = 8 << 10;
/// Longest body but a bill's.
pub(super) const BODY: usize = 16 << 10;

/// What stands behind the `?`, without percent signs.
pub(super) type Pairs = Vec<(String, String)>;

/// An answer, or the one that there is instead.
pub(super) type Told = Result<Response<Page>, Box<Response<Page>>>;

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    i64::try_from(now_ms()).unwrap_or(i64::MAX)
}

/// The question is wrong.
pub(super) fn bad(why: &str) -> Box<Response<Page>> {
    Box::new(refusal(StatusCode::BAD_REQUEST, "bad_query", why))
}

/// An answer.
pub(super) fn json(value: &impl Serialize) -> Response<Page> {
    match serde_json::to_string(value) {
        Ok(body) => text(StatusCode::OK, "application/json", body + "\n"),
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "bug", "the answer cannot be written: this is a bug"),
    }
}

/// A query, taken apart.
pub(super) fn pairs(query: &str) -> Result<Pairs, Box<Response<Page>>> {
    if query.len() > LONGEST {
        return Err(bad("the query is longer than 8 KiB"));
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(pair);
    pairs.collect::<Option<_>>().ok_or_else(|| bad("the query is not percent-encoded text"))
}

/// Whether nothing else is named.
pub(super) fn only(pairs: &Pairs, known: &[&str]) -> Result<(), Box<Response<Page>>> {
    match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(bad(&format!("{name:?} is not known here: {} are", known.join(", ")))),
        None => Ok(()),
    }
}

/// The namespace that is named, by itself or as the one that counts.
pub(super) fn named(pairs: &Pairs) -> Option<&str> {
    pairs.iter().find_map(|(name, value)| match name.as_str() {
        "namespace" => Some(value.as_str()),
        "where" => value.strip_prefix("namespace="),
        _ => None,
    })
}

/// The one namespace that a question is about; of several, none.
pub(super) fn pinned(query: &Query) -> Option<&str> {
    let mut about = query.filters.iter().filter(|it| it.dimension == Dimension::Namespace && !it.not);
    let one = about.next()?;
    about.all(|other| other.value == one.value).then_some(one.value.as_str())
}

/// A body of at most so many bytes.
pub(super) async fn read(body: Incoming, most: usize) -> Result<Bytes, Box<Response<Page>>> {
    match timeout(WORD, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(Box::new(refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_long",
            &format!("the body is longer than {most} bytes, or broke off"),
        ))),
        Err(_) => Err(Box::new(refusal(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not come in time"))),
    }
}

/// A body, as JSON.
pub(super) fn body_of<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Box<Response<Page>>> {
    serde_json::from_slice(body).map_err(|why| bad(&format!("the body cannot be read: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Query {
        let pairs = pairs(query).map_err(|_| ()).unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Query::parse(pairs, 1_795_867_200_000).unwrap()
    }

    /// A namespace's reader names it: what could be about another is about all, which they may not ask.
    #[test]
    fn a_question_is_about_one_namespace_or_about_all() {
        assert_eq!(pinned(&asked("where=namespace%3Dprod&where=team=a")), Some("prod"));
        assert_eq!(pinned(&asked("where=namespace=prod&where=namespace=prod")), Some("prod"));
        for all in ["", "where=team=prod", "where=namespace!=prod", "where=namespace=prod&where=namespace=dev"] {
            assert_eq!(pinned(&asked(all)), None, "{all}");
        }
        let named = |query: &str| named(&pairs(query).map_err(|_| ()).unwrap()).map(str::to_owned);
        assert_eq!(named("namespace=prod").as_deref(), Some("prod"));
        assert_eq!(named("where=team=a&where=namespace%3Dprod").as_deref(), Some("prod"));
        assert_eq!(named("where=namespace!=prod"), None);
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for bad in ["a=%zz", "a=%f", &"a".repeat(LONGEST + 1)] {
            assert_eq!(pairs(bad).unwrap_err().status(), StatusCode::BAD_REQUEST, "{bad}");
        }
        let read = |query: &str| pairs(query).map_err(|_| ()).unwrap();
        assert!(only(&read("date=x"), &["date"]).is_ok() && only(&read("dat=x"), &["date"]).is_err());
        assert_eq!(
            read("by=team,model&where=team%3Da+b"),
            [("by".into(), "team,model".into()), ("where".into(), "team=a b".into())]
        );
    }
}
