//! `POST /validate`: the API server asks what an edit of policy means, and whoever makes it is told. It is always allowed.
//!
//! API servers speak HTTP/1.1 to webhooks and prove nothing of themselves, so whoever reaches this port can ask what an
//! edit would mean. Every wait has an end far below the API server's, and an edit of which nothing could be found out in
//! time is one without warnings.

mod review;
mod tell;

use std::{
    panic,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
pub(crate) use review::bare;
pub(crate) use tell::{closes, opens};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    metrics::{Admission, Metrics},
    outlook::{Edit, Outlook, Unknown},
    reviews::{Answers, BODY},
    roster::{Page, refusal, text},
};

/// The path.
const PATH: &str = "/validate";
/// Reviews at one time, from their first byte: each may hold a body.
const REVIEWS: usize = 16;
/// How long a review may take with all its waits: an API server waits for 5 s.
const LIMIT: Duration = Duration::from_secs(2);

/// Answers reviews.
#[derive(Debug)]
pub(crate) struct Webhook {
    outlook: Arc<Outlook>,
    metrics: Arc<Metrics>,
    room: Semaphore,
    limit: Duration,
}

impl Webhook {
    pub(crate) fn new(outlook: Arc<Outlook>, metrics: Arc<Metrics>) -> Self {
        Self { outlook, metrics, room: Semaphore::new(REVIEWS), limit: LIMIT }
    }

    async fn reviewed(&self, request: Request<Incoming>) -> Response<Page> {
        if request.uri().path() != PATH {
            return refusal(StatusCode::NOT_FOUND, "no_such_page", "reviews are answered at /validate");
        }
        if request.method() != Method::POST {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "not_a_review", "send an AdmissionReview by POST");
        }
        let begun = Instant::now();
        let (answer, became) = match timeout(self.limit, self.room.acquire()).await {
            Ok(Ok(_place)) => self.review(request, begun).await,
            // Without its words nobody knows which review it is: the API server goes on without us, as it is told to.
            _ => (refusal(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many reviews at this moment"), Admission::Busy),
        };
        self.metrics.admitted(became, begun.elapsed());
        answer
    }

    async fn review(&self, request: Request<Incoming>, begun: Instant) -> (Response<Page>, Admission) {
        let left = || self.limit.saturating_sub(begun.elapsed());
        let unread = |status, why: &str| (refusal(status, "not_a_review", why), Admission::Unread);
        let body: Bytes = match timeout(left(), Limited::new(request.into_body(), BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return unread(StatusCode::PAYLOAD_TOO_LARGE, "it is longer than 3 MiB, or broke off"),
            Err(_) => return unread(StatusCode::REQUEST_TIMEOUT, "it did not come in time"),
        };
        // A bug of ours is no reason to refuse anybody's edit.
        let question = match panic::catch_unwind(|| review::read(&body)) {
            Ok(Ok(question)) => question,
            Ok(Err(why)) => return unread(StatusCode::BAD_REQUEST, why),
            Err(_) => return failed(&review::uid(&body).unwrap_or_default()),
        };
        drop(body);
        let review::Question { uid, asked } = question;
        let concerns = |it: &review::Asked| self.outlook.concerns(&it.object.namespace);
        let Some(review::Asked { object, edit, dry_run }) = asked.filter(concerns) else {
            return (allowed(&uid, &[]), Admission::Silent);
        };
        let coming: Option<Edit> = (!dry_run).then(|| edit.clone());
        let foreseen = self.outlook.foresee(edit, left()).await;
        // It is let in whatever was found out.
        if let Some(edit) = coming {
            self.outlook.is_coming(edit);
        }
        match foreseen {
            Ok(change) => {
                let Ok(warnings) = panic::catch_unwind(|| tell::warnings(&change, &object)) else {
                    return failed(&uid);
                };
                let became = if warnings.is_empty() { Admission::Silent } else { Admission::Warned };
                (allowed(&uid, &warnings), became)
            }
            Err(why) => {
                tracing::warn!(code = why.code(), %object, "an edit was let in without saying what it means");
                (allowed(&uid, &[]), Admission::Unknown(why))
            }
        }
    }
}

impl Answers for Webhook {
    async fn answer(&self, request: Request<Incoming>) -> Response<Page> {
        self.reviewed(request).await
    }
}

fn allowed(uid: &str, warnings: &[String]) -> Response<Page> {
    text(StatusCode::OK, "application/json", review::allowed(uid, warnings).to_string())
}

/// Allowed, although we failed.
fn failed(uid: &str) -> (Response<Page>, Admission) {
    tracing::error!(code = Unknown::Failed.code(), "an edit was let in without saying what it means: this is a bug");
    (allowed(uid, &[]), Admission::Unknown(Unknown::Failed))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
