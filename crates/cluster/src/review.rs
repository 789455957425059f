//! Who holds a token: the API server is asked (`TokenReview`), once for each token and minute.
//!
//! ```text
//! review.rs        a token -> remembered, or asked once for all who come with it
//!   claims.rs      what a token says of itself: enough to refuse it unasked, never to believe it
//!   judge.rs       what an answer of the API server means; pure
//!   cache.rs       what was answered, for as long as it counts; pure
//!   away.rs        an API server that does not answer is asked by one at a time; pure
//!   ask.rs         the call
//! ```

mod ask;
mod away;
mod cache;
mod claims;
mod counts;
mod judge;
mod verdict;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::Mutex,
    time::{Duration, SystemTime},
};

pub use ask::{ApiServer, Ask, NoAnswer};
pub use counts::{Counts, OUTCOMES, Outcome};
/// Re-exported for whoever implements [`Ask`].
pub use k8s_openapi::api::authentication::v1::TokenReviewStatus;
use tokio::time::Instant;
pub use verdict::{AUDIENCE, Key, Refusal, Reviewed};

use crate::{
    flights::{Flights, Full, Limits},
    lock::lock,
};
use away::Away;
use cache::Cache;
use claims::Claims;
use counts::Counters;

/// An API server on two cores answers 400 to 700 reviews a second, one at a time as fast as 16 at once. Of 10,000 sidecars
/// that come at one moment the first 4,096 wait, for ten seconds at most; who finds no place is told to come again when
/// those are through, and so all are within 30 seconds. A sidecar gives up after 15: a longer queue would be of no use.
const LIMITS: Limits = Limits { at_once: 8, waiting: 4096, patience: Duration::from_secs(12) };
/// When to come again: when the whole queue is through.
const AGAIN: Duration = Duration::from_secs(10);
/// How long the API server may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Reviews tokens. Shared by every connection.
pub struct Reviewer {
    asking: Box<dyn Ask>,
    flights: Flights<Key, Result<Reviewed, Refusal>>,
    cache: Mutex<Cache>,
    away: Mutex<Away>,
    counters: Counters,
}

impl Reviewer {
    /// One that has reviewed nothing yet. `asking`: who is asked, an [`ApiServer`] for example.
    pub fn new(asking: impl Ask) -> Self {
        Self {
            asking: Box::new(asking),
            flights: Flights::new(LIMITS),
            cache: Mutex::default(),
            away: Mutex::default(),
            counters: Counters::default(),
        }
    }

    /// Who holds this token.
    ///
    /// # Errors
    ///
    /// If it is not good, or nobody says so. See [`Refusal`].
    pub async fn review(&self, token: &str, now: SystemTime) -> Result<Reviewed, Refusal> {
        let reviewed = self.decide(token, now).await;
        // Also one that was remembered, or waited for, counts until its own end and no longer.
        reviewed.and_then(|reviewed| if now < reviewed.expires { Ok(reviewed) } else { Err(Refusal::Expired) })
    }

    /// What was reviewed so far.
    pub fn counts(&self) -> Counts {
        self.counters.counts(lock(&self.cache).len(), self.flights.waiting())
    }

    async fn decide(&self, token: &str, now: SystemTime) -> Result<Reviewed, Refusal> {
        let claims = Claims::of(token).and_then(|claims| claims.counts(now).map(|()| claims));
        let claims = claims.inspect_err(|_| self.counters.count(Outcome::Refused))?;
        let key = key(token);
        if let Some(answer) = lock(&self.cache).fresh(&key, now) {
            self.counters.count(Outcome::Remembered);
            return answer;
        }
        let joined = self.flights.join(key, self.ask(token, key, claims, now)).await;
        joined.unwrap_or_else(|Full| {
            self.counters.count(Outcome::Busy);
            Err(Refusal::Busy { retry_after: AGAIN })
        })
    }

    async fn ask(&self, token: &str, key: Key, claims: Claims, now: SystemTime) -> Result<Reviewed, Refusal> {
        // Another may have been told just before.
        if let Some(answer) = lock(&self.cache).fresh(&key, now) {
            return answer;
        }
        let Some(turn) = Turn::take(&self.away) else { return self.unanswered(&key, now) };
        let answer = tokio::time::timeout(ANSWER, self.asking.ask(token)).await.unwrap_or_else(|_| {
            Err(NoAnswer::Unreachable(format!("it does not answer within {} s", ANSWER.as_secs())))
        });
        match answer {
            Ok(status) => {
                turn.answered();
                let judged = judge::judge(&status, &claims, key);
                self.counters.count(if judged.is_ok() { Outcome::Good } else { Outcome::Refused });
                lock(&self.cache).insert(key, judged.clone(), now);
                judged
            }
            Err(why) => {
                turn.unanswered(&why);
                self.unanswered(&key, now)
            }
        }
    }

    /// What counts while the API server does not answer: what it said of this token before, until the token's own end.
    fn unanswered(&self, key: &Key, now: SystemTime) -> Result<Reviewed, Refusal> {
        let known = lock(&self.cache).known(key, now);
        self.counters.count(if known.is_some() { Outcome::Remembered } else { Outcome::Unanswered });
        known.ok_or(Refusal::Unavailable)
    }
}

/// The right to ask.
struct Turn<'a>(&'a Mutex<Away>);

impl<'a> Turn<'a> {
    fn take(away: &'a Mutex<Away>) -> Option<Self> {
        lock(away).may_ask(Instant::now().into_std()).then(|| Self(away))
    }

    fn answered(self) {
        if lock(self.0).answered() {
            tracing::info!("the API server reviews tokens again");
        }
    }

    fn unanswered(self, why: &NoAnswer) {
        if lock(self.0).unanswered(Instant::now().into_std()) {
            tracing::error!(
                code = "review_unavailable",
                "tokens cannot be reviewed: {why}; those that are known count until they expire, others are refused"
            );
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(self.0).done();
    }
}

fn key(token: &str) -> Key {
    outrigger_route::hash::Hash::new().part(token).whole()
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reviewer").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
