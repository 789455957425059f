//! The pages: what somebody asks, and how that is answered. `said`: what stands in a question; `may`: about whom they may ask;
//! `change`: what changes the books; `import`: what sidecars could not tell themselves.

mod change;
mod import;
mod may;
mod said;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, request::Parts};
use hyper::body::Incoming;
use outrigger_ledger::{
    Dimension, Query,
    reconcile::{self, Hole},
};
use tokio::time::{Instant, timeout};

use super::{
    program::Program,
    readers::{Scope, Verb},
    told::{self, Missing},
};
use crate::roster::{Page, refusal};
use said::{Pairs, Told, bad, json, named, now, only, pairs, pinned, read};

/// Questions that are answered at one time.
pub(super) const AT_ONCE: usize = 16;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);
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
            (&Method::GET, "/usage/closed") => self.closed(&head, asker, &pairs).await,
            (&Method::POST, "/usage/forget") => self.forget(&head, asker, &pairs, body).await,
            (&Method::POST, "/usage/close") => self.close(&head, asker, &pairs, body).await,
            (&Method::POST, "/usage/import") => self.import(&head, asker, &pairs, body).await,
            (&Method::POST, "/usage/reprice") => self.reprice(&head, asker, pairs, body).await,
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
                     POST /usage/forget, /usage/close, /usage/import, /usage/reprice and /usage/reconcile"
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

    /// The months that are closed: of all, or what a namespace's reader may know of its own.
    async fn closed(&self, head: &Parts, asker: Asker, pairs: &Pairs) -> Told {
        only(pairs, &["namespace"])?;
        let scope = self.scope(&head.headers, asker, named(pairs)).await?;
        Ok(json(&self.books.closed(scope.as_deref()).await.map_err(|why| self.unanswered(&why))?))
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
}
