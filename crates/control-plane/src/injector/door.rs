//! What an API server is answered. Nothing is told here that is not in the question.

use std::{panic, thread, time::Duration};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use outrigger_inject::Secrets;
use tokio::time::{Instant, timeout};

use super::{
    Injector,
    review::{self, NoReview, Review, Reviewed},
    secrets,
};
use crate::{
    lock::lock,
    reviews::{Answers, BODY},
    roster::{Page, text},
};

/// Where pods are asked about whose namespace's label says yes.
const BY_NAMESPACE: &str = "/mutate/namespace";
/// Where those are that have a word of their own.
const BY_POD: &str = "/mutate";
/// How long a question may take to come.
const WORD: Duration = Duration::from_secs(5);

impl Answers for Injector {
    async fn answer(&self, request: Request<Incoming>) -> Response<Page> {
        let by_namespace = match (request.method(), request.uri().path()) {
            (&Method::POST, BY_NAMESPACE) => true,
            (&Method::POST, BY_POD) => false,
            _ => {
                return text(
                    StatusCode::NOT_FOUND,
                    "text/plain",
                    "reviews are answered at /mutate, by POST\n".to_owned(),
                );
            }
        };
        let body = match timeout(WORD, Limited::new(request.into_body(), BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => {
                return text(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "text/plain",
                    "it is longer than 3 MiB, or broke off\n".to_owned(),
                );
            }
            Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "text/plain", "it did not come in time\n".to_owned()),
        };
        let began = Instant::now();
        let profiles = |namespace: &str, name: &str| self.profiles.get(namespace, name);
        let asked = caught(|| {
            let review = Review::read(&body, by_namespace)?;
            let pod = review.asks_for_secrets(&self.settings, &profiles);
            Ok((pod.map(|(namespace, pod)| (namespace.to_owned(), pod.clone())), review))
        });
        let reviewed = match asked {
            Ok(Ok((pod, review))) => {
                let secrets = match pod {
                    Some((namespace, pod)) => secrets::look(&self.files, &namespace, &pod).await,
                    None => Secrets::Unknown("its profile has just begun to say so".to_owned()),
                };
                caught(|| review::answer(&review, &self.settings, &profiles, &secrets))
            }
            Ok(Err(no_review)) => Ok(Err(no_review)),
            Err(panic) => Err(panic),
        };
        match reviewed {
            Ok(Ok(Reviewed { answer, code, said })) => {
                self.metrics.reviewed(code, began.elapsed());
                if !said.is_empty() {
                    let mut recorder = lock(&self.recorder);
                    said.into_iter().for_each(|said| recorder.say(said, self.began.elapsed()));
                }
                text(StatusCode::OK, "application/json", serde_json::to_string(&answer).unwrap_or_default())
            }
            Ok(Err(NoReview)) => {
                self.metrics.reviewed("no_review", began.elapsed());
                text(StatusCode::BAD_REQUEST, "text/plain", "this is no AdmissionReview of a pod\n".to_owned())
            }
            Err(_) => {
                tracing::error!(code = "review_failed", "a pod could not be reviewed: this is a bug");
                self.metrics.reviewed("no_review", began.elapsed());
                text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "the injector failed: this is a bug\n".to_owned())
            }
        }
    }
}

/// What comes of it; whatever it panics with is a bug of ours.
fn caught<T>(review: impl FnOnce() -> Result<T, NoReview>) -> thread::Result<Result<T, NoReview>> {
    panic::catch_unwind(panic::AssertUnwindSafe(review))
}
