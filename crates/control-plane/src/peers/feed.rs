//! What this replica tells whoever asks.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use bytes::Bytes;
use http_body::Frame;
use prost::Message as _;
use tokio::sync::watch;

use super::{auth::PeerAuth, message::encode};
use crate::{
    push::{
        frame,
        status::{Code, Status},
    },
    tally::counting::Report,
};

/// The path of the method.
pub(crate) const COUNTS: &str = "/outrigger.fleet.v1.PeerService/Counts";

/// Where others ask.
#[derive(Debug)]
pub(crate) struct Door {
    /// This replica's: random, one for each start.
    pub(crate) instance: Box<str>,
    pub(crate) auth: Arc<dyn PeerAuth>,
    pub(crate) reports: watch::Receiver<Arc<Report>>,
}

impl Door {
    /// Lets in whoever is a replica.
    pub(crate) fn open(&self, token: Option<&str>, now: SystemTime) -> Result<Feed, Status> {
        if !token.is_some_and(|token| self.auth.accepts(token, now)) {
            return Err(Status::new(
                Code::Unauthenticated,
                "peer_unknown: the token proves no replica of this control plane",
            ));
        }
        let mut reports = self.reports.clone();
        reports.mark_changed();
        Ok(Feed { instance: self.instance.clone(), next: Box::pin(next(reports)) })
    }
}

type Next = Option<(watch::Receiver<Arc<Report>>, Arc<Report>)>;

async fn next(mut reports: watch::Receiver<Arc<Report>>) -> Next {
    reports.changed().await.ok()?;
    let report = reports.borrow_and_update().clone();
    Some((reports, report))
}

/// Every report from now on, as the body of an answer.
pub(crate) struct Feed {
    instance: Box<str>,
    next: Pin<Box<dyn Future<Output = Next> + Send>>,
}

impl http_body::Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Without an end of its own: who asks sees that it has broken off, and asks again.
        let Some((reports, report)) = ready!(self.next.as_mut().poll(cx)) else { return Poll::Ready(None) };
        self.next = Box::pin(next(reports));
        let message = frame::plain(&encode(&self.instance, &report).encode_to_vec());
        Poll::Ready(Some(Ok(Frame::data(message))))
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
