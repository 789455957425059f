//! The pages: what somebody asks, about whom they may, and how that is answered.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use outrigger_ledger::{
    Dimension, Error, Query,
    period::Period,
    reconcile::{self, Hole},
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use super::{
    program::{Program, now_ms},
    readers::{Scope, Verb},
    told::{self, Missing},
};
use crate::roster::{Page, decoded, refusal, text};

/// Questions that are answered at one time.
pub(super) const AT_ONCE: usize = 16;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a body may take to come.
const WORD: Duration = Duration::from_secs(30);
/// Longest query that is read.
const LONGEST: usize = 8 << 10;
/// Longest body but a bill's.
const BODY: usize = 16 << 10;
/// Longest bill.
const BILL: usize = 32 << 20;
/// Days and models that are held against one bill.
const LINES: u32 = outrigger_ledger::query::LIMIT;
/// Days that OpenRouter's page shows.
const DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Behind every bill.
const FAR: &str = "9000-01-01";

const USAGE: &str = "/usage";
const ACTIVITY: &str = "/api/v1/activity";
const GENERATION: &str = "/api/v1/generation";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Somebody with a token, which says about whom.
    WithToken,
    /// Whoever is on this machine, about everybody.
    OnThisMachine,
}

/// An answer, or the one that there is instead.
type Told = Result<Response<Page>, Box<Response<Page>>>;

/// What stands behind the `?`, without percent signs.
type Pairs = Vec<(String, String)>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    period: String,
}

impl Program {
    /// Whether this is a page of the books.
    pub(super) fn has(path: &str) -> bool {
        path == USAGE || path.starts_with("/usage/") || path == ACTIVITY || path == GENERATION
    }

    /// The answer to a question.
    pub(super) async fn ask(&self, request: Request<Incoming>, asker: Asker) -> Response<Page> {
        let began = Instant::now();
        let answer = Box::pin(self.answer_within(request, asker)).await.unwrap_or_else(|instead| *instead);
        self.metrics.asked(answer.status(), began.elapsed());
        answer
    }

    async fn answer_within(&self, request: Request<Incoming>, asker: Asker) -> Told {
        let busy = |why| Box::new(refusal(StatusCode::SERVICE_UNAVAILABLE, "busy", why));
        let Ok(Ok(_turn)) = timeout(PATIENCE, self.asking.acquire()).await else {
            return Err(busy("as much is being asked as can be at one time: try again in a second"));
        };
        timeout(ANSWER, Box::pin(self.answer(request, asker)))
            .await
            .unwrap_or_else(|_| Err(busy("the answer takes longer than a minute: ask about a shorter time")))
    }

    async fn answer(&self, request: Request<Incoming>, asker: Asker) -> Told {
        let (head, body) = request.into_parts();
        let pairs = pairs(head.uri.query().unwrap_or_default())?;
        match (&head.method, head.uri.path()) {
            (&Method::GET, USAGE) => self.usage(&head, asker, pairs).await,
            (&Method::GET, "/usage/gaps") => self.gaps(&head, asker, &pairs).await,
            (&Method::GET, "/usage/expensive") => self.expensive(&head, asker, pairs).await,
            (&Method::GET, "/usage/closed") => {
                self.scope(&head.headers, asker, None).await?;
                Ok(json(&self.books.closed().await.map_err(|why| self.unanswered(&why))?))
            }
            (&Method::POST, "/usage/forget") => {
                only(&pairs, &["namespace"])?;
                let namespace = named(&pairs);
                self.may_change(&head.headers, asker, Verb::Delete, namespace).await?;
                let Forget { user } = body_of(&read(body, BODY).await?)?;
                self.forget(&user, namespace).await
            }
            (&Method::POST, "/usage/close") => {
                self.may_change(&head.headers, asker, Verb::Update, None).await?;
                let Close { period } = body_of(&read(body, BODY).await?)?;
                let period: Period = period.parse().map_err(|why| self.unanswered(&why))?;
                Ok(json(&self.books.close(period, now()).await.map_err(|why| self.unanswered(&why))?))
            }
            (&Method::POST, "/usage/reconcile") => {
                // Who may not ask sends no bill.
                let scope = self.scope(&head.headers, asker, named(&pairs)).await?;
                let bill = read(body, BILL).await?;
                self.reconcile(scope, &pairs, bill).await
            }
            (&Method::GET, ACTIVITY) => self.activity(&head, asker, &pairs).await,
            (&Method::GET, GENERATION) => self.generation(&head, asker, &pairs).await,
            (method, path) => Err(Box::new(refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "bad_method",
                &format!(
                    "{path} does not take {method}: GET /usage, /usage/gaps, /usage/expensive, /usage/closed, {ACTIVITY} and {GENERATION}, \
                     POST /usage/forget, /usage/close and /usage/reconcile"
                ),
            ))),
        }
    }

    async fn usage(&self, head: &Parts, asker: Asker, pairs: Pairs) -> Told {
        let mut query = self.query(pairs)?;
        query.namespaces = self.scope(&head.headers, asker, pinned(&query)).await?;
        let usage = self.books.usage(&query).await.map_err(|why| self.unanswered(&why))?;
        let missing = self.missing(query.namespaces.as_deref(), query.since_ms, query.until_ms).await?;
        Ok(json(&told::usage(&usage, &query, missing)))
    }

    async fn gaps(&self, head: &Parts, asker: Asker, pairs: &Pairs) -> Told {
        only(pairs, &["namespace"])?;
        let scope = self.scope(&head.headers, asker, named(pairs)).await?;
        Ok(json(&self.books.gaps(scope.as_deref(), now()).await.map_err(|why| self.unanswered(&why))?))
    }

    /// The most expensive requests of a stretch of time.
    async fn expensive(&self, head: &Parts, asker: Asker, pairs: Pairs) -> Told {
        only(&pairs, &["since", "until", "period", "namespace", "limit"])?;
        let scope = self.scope(&head.headers, asker, named(&pairs)).await?;
        let query = self.query(pairs)?;
        let (since, until) = (query.since_ms, query.until_ms);
        let found = self.books.most_expensive(since, until, scope.as_deref(), query.limit).await;
        Ok(json(&told::expensive(&found.map_err(|why| self.unanswered(&why))?)))
    }

    async fn forget(&self, user: &str, namespace: Option<&str>) -> Told {
        if user.is_empty() {
            return Err(bad("`user` is empty: whoever named none is nobody's to forget"));
        }
        Ok(json(&self.books.forget(user, namespace).await.map_err(|why| self.unanswered(&why))?))
    }

    /// The ledger beside a bill, over the days of the bill.
    async fn reconcile(&self, scope: Scope, pairs: &Pairs, bill: Bytes) -> Told {
        only(pairs, &["namespace", "where"])?;
        let bill = reconcile::read_bill(&bill[..]).map_err(|why| self.unanswered(&why))?;
        let days = bill.iter().map(|row| row.date.as_str());
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else {
            return Err(bad("the bill has no rows"));
        };
        let more = pairs.iter().filter(|(name, _)| name == "where").cloned();
        let from = |day: &str, more: Pairs| {
            let since = [("since", day), ("until", FAR)].map(|(name, value)| (name.to_owned(), value.to_owned()));
            self.query(since.into_iter().chain(more).collect())
        };
        let mut query = from(first, more.collect())?.by([Dimension::Day, Dimension::Model]);
        // The whole last day, which may be the first one too.
        query.until_ms = from(last, Pairs::new())?.since_ms + DAY_MS;
        (query.limit, query.namespaces) = (LINES, scope);
        let usage = self.books.usage(&query).await.map_err(|why| self.unanswered(&why))?;
        if usage.groups > u64::from(LINES) {
            return Err(bad("the bill is of more than 10000 days and models: cut it by months"));
        }
        let gaps = self.books.gaps(query.namespaces.as_deref(), now()).await.map_err(|why| self.unanswered(&why))?;
        let holes: Vec<Hole> = gaps.iter().map(told::hole).collect();
        Ok(json(&reconcile::reconcile(&reconcile::ours(&usage), &bill, &holes)))
    }

    /// OpenRouter's page: whole days in UTC, the last thirty, or one of them.
    async fn activity(&self, head: &Parts, asker: Asker, pairs: &Pairs) -> Told {
        only(pairs, &["date", "namespace"])?;
        let scope = self.scope(&head.headers, asker, named(pairs)).await?;
        let today = now().div_euclid(DAY_MS) * DAY_MS;
        let (mut since, mut until) = (today - DAYS * DAY_MS, today);
        if let Some((_, date)) = pairs.iter().find(|(name, _)| name == "date") {
            let day = Query::parse([("since", date.as_str())], today).map(|query| query.since_ms);
            let day = day.ok().filter(|day| day.rem_euclid(DAY_MS) == 0 && (since..until).contains(day));
            since = day.ok_or_else(|| bad("`date` is one of the last 30 days that are over, as 2026-11-28"))?;
            until = since + DAY_MS;
        }
        let days = self.books.activity(since, until, scope.as_deref()).await.map_err(|why| self.unanswered(&why))?;
        Ok(json(&told::activity(&days)))
    }

    /// OpenRouter's page. Who may not read all finds what is of a namespace that they may read, and else nothing.
    async fn generation(&self, head: &Parts, asker: Asker, pairs: &Pairs) -> Told {
        only(pairs, &["id", "namespace"])?;
        let Some((_, id)) = pairs.iter().find(|(name, _)| name == "id") else {
            return Err(bad("`id` is missing: what the caller was told as X-Generation-Id"));
        };
        let none =
            || Box::new(refusal(StatusCode::NOT_FOUND, "not_found", "there is no such record, or it is kept no more"));
        let (scope, look) = match self.scope(&head.headers, asker, named(pairs)).await {
            Ok(scope) => (scope, false),
            Err(instead) if instead.status() == StatusCode::FORBIDDEN && named(pairs).is_none() => (None, true),
            Err(instead) => return Err(instead),
        };
        let found = self.books.generation(id, scope.as_deref()).await.map_err(|why| self.unanswered(&why))?;
        let found = found.ok_or_else(none)?;
        if look {
            self.readers.may(&head.headers, Verb::Get, Some(&found.namespace)).await.map_err(|_| none())?;
        }
        Ok(json(&told::generation(&found)))
    }

    /// A question, where `namespace=x` is short for `where=namespace=x`.
    fn query(&self, pairs: Pairs) -> Result<Query, Box<Response<Page>>> {
        let pairs: Pairs = pairs
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "namespace" => ("where".to_owned(), format!("namespace={value}")),
                _ => (name, value),
            })
            .collect();
        Query::parse(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())), now())
            .map_err(|why| self.unanswered(&why))
    }

    /// What is missing of a stretch of time, as far as that is known.
    async fn missing(
        &self,
        namespaces: Option<&[String]>,
        since: i64,
        until: i64,
    ) -> Result<Missing, Box<Response<Page>>> {
        let gaps = self.books.gaps(namespaces, now()).await.map_err(|why| self.unanswered(&why))?;
        Ok(Missing::of(&gaps, since, until))
    }

    async fn scope(
        &self,
        headers: &HeaderMap,
        asker: Asker,
        asked: Option<&str>,
    ) -> Result<Scope, Box<Response<Page>>> {
        match asker {
            Asker::OnThisMachine => Ok(asked.map(|namespace| vec![namespace.to_owned()])),
            Asker::WithToken => self.readers.scope(headers, asked).await,
        }
    }

    async fn may_change(
        &self,
        headers: &HeaderMap,
        asker: Asker,
        verb: Verb,
        namespace: Option<&str>,
    ) -> Result<(), Box<Response<Page>>> {
        match asker {
            Asker::OnThisMachine => Ok(()),
            Asker::WithToken => self.readers.may(headers, verb, namespace).await,
        }
    }

    /// What whoever asks is told of a failure.
    fn unanswered(&self, why: &Error) -> Box<Response<Page>> {
        let (status, code) = match why {
            Error::Invalid(_) => (StatusCode::BAD_REQUEST, "bad_query"),
            Error::TooMuch(_) => (StatusCode::BAD_REQUEST, "too_much"),
            Error::NotYours(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Error::Busy(_) | Error::Closing => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            // What a database says may hold more than whoever asks is to know.
            Error::Locked(_)
            | Error::NetworkFileSystem { .. }
            | Error::File { .. }
            | Error::NoRandomness
            | Error::Store(_)
            | Error::Migrate(_)
            | Error::Corrupt(_) => {
                self.complain(why);
                let why = "the books cannot be read: the ledger's log says why";
                return Box::new(refusal(StatusCode::SERVICE_UNAVAILABLE, "store_failed", why));
            }
        };
        Box::new(refusal(status, code, &why.to_string()))
    }
}

fn now() -> i64 {
    i64::try_from(now_ms()).unwrap_or(i64::MAX)
}

fn bad(why: &str) -> Box<Response<Page>> {
    Box::new(refusal(StatusCode::BAD_REQUEST, "bad_query", why))
}

fn json(value: &impl Serialize) -> Response<Page> {
    match serde_json::to_string(value) {
        Ok(body) => text(StatusCode::OK, "application/json", body + "\n"),
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "bug", "the answer cannot be written: this is a bug"),
    }
}

fn pairs(query: &str) -> Result<Pairs, Box<Response<Page>>> {
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
fn only(pairs: &Pairs, known: &[&str]) -> Result<(), Box<Response<Page>>> {
    match pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(bad(&format!("{name:?} is not known here: {} are", known.join(", ")))),
        None => Ok(()),
    }
}

/// The namespace that is named, by itself or as the one that counts.
fn named(pairs: &Pairs) -> Option<&str> {
    pairs.iter().find_map(|(name, value)| match name.as_str() {
        "namespace" => Some(value.as_str()),
        "where" => value.strip_prefix("namespace="),
        _ => None,
    })
}

/// The one namespace that a question is about; of several, none.
fn pinned(query: &Query) -> Option<&str> {
    let mut about = query.filters.iter().filter(|it| it.dimension == Dimension::Namespace && !it.not);
    let one = about.next()?;
    about.all(|other| other.value == one.value).then_some(one.value.as_str())
}

async fn read(body: Incoming, most: usize) -> Result<Bytes, Box<Response<Page>>> {
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

fn body_of<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Box<Response<Page>>> {
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
