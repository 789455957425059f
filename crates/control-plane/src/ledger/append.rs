//! `Append`: one call, from its token to what is on disk.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use outrigger_api::ledger::{AppendRequest, AppendResponse, entry::Entry as Kind};
use prost::Message as _;
use tokio::time::{Instant, timeout};

use outrigger_ledger::{Blame, Error, Stamp};

use super::{
    batch::{self, LONGEST},
    line::{AGAIN, Place},
    metrics::Carried,
    program::{Program, now_ms},
};
use crate::{
    push::{
        bearer,
        frame::{self, Messages},
        grpc,
        status::{Code, Status},
    },
    roster::Page,
};

/// The path of the one method.
const APPEND: &str = "/outrigger.ledger.v1.LedgerService/Append";
/// How long a message may take to come, once it may.
const WORD: Duration = Duration::from_secs(10);
/// How long a commit may take. Whether it was booked is not known then, and it is sent again.
const BOOKED: Duration = Duration::from_secs(30);

impl Program {
    /// The answer to a call, and whether its token was good.
    pub(super) async fn call(&self, request: Request<Incoming>) -> (Response<Page>, bool) {
        let began = Instant::now();
        let mut known = false;
        let answer = Box::pin(self.append(request, &mut known)).await;
        self.metrics.called(answer.as_ref().err().map(|status| status.code), began.elapsed());
        (answer.map_or_else(refusal, answered), known)
    }

    async fn append(&self, request: Request<Incoming>, known: &mut bool) -> Result<AppendResponse, Status> {
        if request.method() != Method::POST || request.uri().path() != APPEND {
            return Err(Status::new(Code::Unimplemented, "there is no such method"));
        }
        let account = self.who.verify(bearer(request.headers()), SystemTime::now()).await;
        let account = account.inspect_err(|refused| self.metrics.refused(refused.code()))?;
        *known = true;
        let place = self.line.place().await?;
        // Not the message's fault: another time it may come.
        let slow = |_| away("the message did not come in time");
        let message = timeout(WORD, message(request.into_body())).await.map_err(slow)??;
        self.metrics.received(message.len());
        let request = batch::read(message)?;
        let stamp = Stamp {
            namespace: account.namespace.as_ref().to_owned(),
            service_account: Some(account.service_account.as_ref().to_owned()),
            received_at_ms: i64::try_from(now_ms()).unwrap_or(i64::MAX),
        };
        self.book(place, stamp, request).await
    }

    /// Books a batch that has its place in the line.
    pub(super) async fn book(
        &self,
        place: Place<'_>,
        stamp: Stamp,
        request: AppendRequest,
    ) -> Result<AppendResponse, Status> {
        let carried = carried(&request);
        let booked = timeout(BOOKED, self.books.append(stamp, request)).await;
        drop(place);
        match booked {
            Ok(Ok(answer)) => {
                self.metrics.booked(&carried, now_ms());
                Ok(answer)
            }
            Ok(Err(why)) => Err(self.unbooked(&why)),
            Err(_) => Err(away("the books take too long")),
        }
    }

    /// What whoever sent a batch is told of its failure.
    fn unbooked(&self, why: &Error) -> Status {
        match why.blame() {
            Blame::Asker => Status::new(Code::InvalidArgument, why.to_string()),
            Blame::Stranger => Status::new(Code::PermissionDenied, format!("epoch_taken: {why}")),
            Blame::Busy => {
                Status { pushback: Some(AGAIN), ..Status::new(Code::ResourceExhausted, format!("ledger_busy: {why}")) }
            }
            Blame::Closing => away("the books are being closed"),
            Blame::Store => {
                self.complain(why);
                away("the books cannot be written")
            }
        }
    }
}

fn away(why: &str) -> Status {
    Status { pushback: Some(AGAIN), ..Status::new(Code::Unavailable, format!("ledger_away: {why}; send it again")) }
}

/// What a batch has in it.
fn carried(request: &AppendRequest) -> Carried {
    let mut carried = Carried::default();
    for entry in &request.entries {
        match &entry.entry {
            Some(Kind::Begun(_)) => carried.begun += 1,
            Some(Kind::Record(record)) => {
                carried.records += 1;
                carried.ended_ms.push(record.at_ms.saturating_add(record.took_us / 1000));
            }
            None => carried.others += 1,
        }
    }
    carried
}

/// The one message of a call.
async fn message(mut body: Incoming) -> Result<Bytes, Status> {
    let (mut messages, mut found) = (Messages::up_to(LONGEST), None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Status::new(Code::Unavailable, "the call broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        messages.push(&data);
        if let Some(message) = messages.next()?
            && found.replace(message).is_some()
        {
            return Err(Status::new(Code::InvalidArgument, "a call has one message"));
        }
    }
    found.ok_or_else(|| Status::new(Code::InvalidArgument, "a call has a message"))
}

#[allow(clippy::needless_pass_by_value, reason = "as an answer is handed on")]
fn answered(answer: AppendResponse) -> Response<Page> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let told = frame::plain(&answer.encode_to_vec());
    let body = Full::new(told).with_trailers(async move { Some(Ok(trailers)) });
    headed(Response::new(body.boxed_unsync()))
}

#[allow(clippy::needless_pass_by_value, reason = "as an error is handed on")]
fn refusal(status: Status) -> Response<Page> {
    let mut response = headed(Response::new(Empty::new().boxed_unsync()));
    status.write(response.headers_mut());
    response
}

fn headed(mut response: Response<Page>) -> Response<Page> {
    *response.version_mut() = Version::HTTP_2;
    grpc(response.headers_mut());
    response
}
