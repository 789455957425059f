//! A call, up to its stream.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue, Method, Request, Response, Version, header};
use http_body_util::{BodyExt as _, Either, Empty};
use hyper::body::Incoming;

use super::{
    Calls, Peer,
    bearer::bearer,
    body::{Body, Open},
    people::People,
    status::{Code, Status},
};
use crate::{
    fleet::{Fleet, Seat},
    identity::{Authority, Identity, Refused},
    metrics::Metrics,
    peers::{self, Door},
    publish::Publisher,
    roster::Page,
};

/// The path of the one method.
const SYNC: &str = "/outrigger.policy.v1.PolicyService/Sync";
/// How long a stream lives at least, and how much longer at most: replicas that came later get their share, and not all
/// sidecars move at once (R-CFG-4).
const LIFE: Duration = Duration::from_secs(30 * 60);
const JITTER: Duration = Duration::from_secs(30 * 60);

/// What every call may reach.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) authority: Authority,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) metrics: Arc<Metrics>,
    /// Where other replicas ask; `None`: there are none.
    pub(crate) peers: Option<Door>,
    pub(crate) people: People,
    /// Stands in for a slower check of tokens, in measurements.
    pub(crate) check_delay: Duration,
}

/// A stream, or what is no stream.
pub(crate) type Answer = Response<Either<Body, Page>>;

impl Calls for Service {
    type Body = Either<Body, Page>;

    async fn answer(&self, request: Request<Incoming>) -> (Answer, bool) {
        let request = match self.page(request).await {
            Ok(page) => return (page, false),
            Err(request) => request,
        };
        let answer = self.call(*request).await;
        let good = answer.is_ok();
        (answer.unwrap_or_else(Self::refusal), good)
    }
}

impl Service {
    /// Answers a call that is no sidecar's, if it is one.
    ///
    /// # Errors
    ///
    /// The call, where it is a sidecar's.
    async fn page(&self, request: Request<Incoming>) -> Result<Answer, Box<Request<Incoming>>> {
        Ok(self.people.page(request).await?.map(Either::Right))
    }

    /// Answers one call.
    async fn call(&self, request: Request<Incoming>) -> Result<Answer, Status> {
        if request.uri().path() == peers::COUNTS
            && let Some(door) = &self.peers
        {
            let feed = door.open(bearer(request.headers()), SystemTime::now())?;
            let mut response = Response::new(Either::Right(feed.boxed_unsync()));
            grpc(response.headers_mut());
            return Ok(response);
        }
        self.sync(request).await.map(|response| response.map(Either::Left))
    }

    /// A call that ends before it has begun.
    #[allow(clippy::needless_pass_by_value, reason = "as an error is handed on")]
    fn refusal(status: Status) -> Answer {
        let mut response = Response::new(Either::Right(Empty::new().boxed_unsync()));
        *response.version_mut() = Version::HTTP_2;
        grpc(response.headers_mut());
        status.write(response.headers_mut());
        response
    }

    async fn sync(&self, request: Request<Incoming>) -> Result<Response<Body>, Status> {
        if request.method() != Method::POST || request.uri().path() != SYNC {
            return Err(Status::new(Code::Unimplemented, "there is no such method"));
        }
        let verified = match bearer(request.headers()) {
            Some(token) => self.authority.verify(token, SystemTime::now()).await,
            None => Err(Refused::Missing),
        };
        let Identity { workload, account, token } = verified.map_err(|refused| self.refused(refused))?;
        if !self.check_delay.is_zero() {
            tokio::time::sleep(self.check_delay).await;
        }
        let publisher = self.publisher.clone();
        // The first of a workload has its view compiled: not on a thread that others' streams wait for.
        let subscription = match publisher.known(&workload) {
            Some(known) => known,
            None => tokio::task::spawn_blocking(move || publisher.subscribe(workload))
                .await
                .ok()
                .flatten()
                .ok_or_else(|| Status::new(Code::Unavailable, "policy_pending: no policy could be read yet"))?,
        };
        let gzip = accepts_gzip(request.headers());
        let life = life(fastrand::f64());
        // Verifying may have taken a while.
        let now = SystemTime::now();
        let peer = request.extensions().get().map(|Peer(address)| *address);
        let open = Open { token, seat: Seat { subscription, account }, peer, gzip, life, now };
        let body = Body::new(request.into_body(), open, &self.fleet, self.metrics.clone());
        // Between the first look and its joining it may have been revoked, or its pod relabelled, and nobody would look
        // again.
        body.recheck(&self.authority, SystemTime::now());
        let mut response = Response::new(body);
        grpc(response.headers_mut());
        if gzip {
            response.headers_mut().insert("grpc-encoding", HeaderValue::from_static("gzip"));
        }
        Ok(response)
    }

    fn refused(&self, refused: Refused) -> Status {
        self.metrics.refused(refused.code());
        refused.into()
    }
}

/// How long a stream lives for which `draw`, in 0..1, was drawn.
fn life(draw: f64) -> Duration {
    LIFE + JITTER.mul_f64(draw)
}

/// Says that an answer is gRPC's.
pub(crate) fn grpc(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get("grpc-accept-encoding").and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|word| word.trim() == "gzip")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-CFG-4: streams that began at one moment end over half an hour, the first of them after another.
    #[test]
    fn lives_of_streams_are_spread() {
        let minutes = [0.0, 0.25, 0.5, 1.0].map(|draw| life(draw).as_secs_f64() / 60.0);
        assert_eq!(minutes, [30.0, 37.5, 45.0, 60.0]);
    }
}
