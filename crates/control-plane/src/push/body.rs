//! One stream as a state machine: it takes what the sidecar says and gives what the sidecar should hold.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use hyper::body::Incoming;
use outrigger_api::v1::{self, sync_request::Message as Said, sync_response::Message as Told};
use prost::Message as _;
use tokio::time::{Instant, Sleep};

use super::{
    frame::{self, Messages},
    status::{Code, Status},
};
use crate::{
    fleet::{Connection, Fleet, Hello, Seat},
    identity::{Authority, Token},
    metrics::Metrics,
    publish::{Encoded, Held},
};

/// How long a sidecar may take to introduce itself.
const HELLO: Duration = Duration::from_secs(10);

/// How long it may take to apply an update.
const ACK: Duration = Duration::from_secs(60);

/// A stream that begins.
pub(crate) struct Open {
    pub(crate) token: Token,
    pub(crate) seat: Seat,
    /// Where it comes from.
    pub(crate) peer: Option<IpAddr>,
    pub(crate) gzip: bool,
    pub(crate) life: Duration,
    pub(crate) now: SystemTime,
}

/// The answer's body. `Debug` shows nothing of what is sent.
pub(crate) struct Body {
    incoming: Incoming,
    messages: Messages,
    connection: Arc<Connection>,
    metrics: Arc<Metrics>,
    gzip: bool,
    stage: Stage,
    /// When it ends whatever happens: first for want of a hello, then by age or with its token.
    end: Pin<Box<Sleep>>,
    /// When it ends by age.
    life: Instant,
    /// When the token ends.
    expires: Instant,
}

enum Stage {
    /// Waits for the hello.
    Silent,
    /// The welcome is next.
    Greeted(Held),
    /// What the sidecar holds, as far as is known.
    Settled(Held),
    /// An update was sent and is not acknowledged yet. What changes meanwhile is one difference more, not one update more.
    Sent(Arc<Encoded>, Instant),
    /// The trailers are next.
    Ending(Status),
    Over,
}

impl Body {
    pub(crate) fn new(incoming: Incoming, open: Open, fleet: &Arc<Fleet>, metrics: Arc<Metrics>) -> Self {
        let Open { token, seat, peer, gzip, life, now } = open;
        let began = Instant::now();
        let left = token.expires.duration_since(now).unwrap_or_default();
        Self {
            incoming,
            messages: Messages::default(),
            connection: fleet.join(token, seat, peer),
            metrics,
            gzip,
            stage: Stage::Silent,
            end: Box::pin(tokio::time::sleep(HELLO)),
            life: began + life,
            expires: began + left,
        }
    }

    /// Ends the stream if its token counts no more, or has it look for whom it counts now.
    pub(crate) fn recheck(&self, authority: &Authority, now: SystemTime) {
        self.connection.recheck(|token| authority.recheck(token, now));
        let Seat { subscription, account } = &*self.connection.seat();
        authority.joined(&self.connection.token, subscription.workload(), account);
    }

    /// One message of the sidecar.
    fn take(&mut self, message: &Bytes) -> Result<(), Status> {
        let invalid = |why: &'static str| Status::new(Code::InvalidArgument, why);
        let said = v1::SyncRequest::decode(message.clone()).map_err(|_| invalid("the message cannot be read"))?;
        match (said.message, std::mem::replace(&mut self.stage, Stage::Over)) {
            (Some(Said::Hello(hello)), Stage::Silent) => {
                let v1::Hello { version, capabilities: _, instance_id, started_at_ms, holdings, probe_port } = hello;
                let held = Held::of(holdings).map_err(invalid)?;
                let probe_port = u16::try_from(probe_port).ok().filter(|port| *port > 0);
                let hello = Hello { version, instance_id, started_at_ms, probe_port };
                self.connection.introduce(hello, SystemTime::now());
                self.end.as_mut().reset(self.life.min(self.expires));
                self.stage = Stage::Greeted(held);
            }
            (Some(Said::Ack(ack)), Stage::Sent(sent, since)) if ack.revision == *sent.revision => {
                let v1::Ack { revision: _, rejections } = ack;
                let news = self.connection.acknowledge(&sent, rejections);
                self.metrics.acked(since.elapsed(), news);
                self.end.as_mut().reset(self.life.min(self.expires));
                self.stage = Stage::Settled(Held::View(sent));
            }
            // A kind of message that is not known yet is a hint.
            (None, stage) => self.stage = stage,
            (Some(Said::Hello(_)), _) => return Err(invalid("a hello comes once, first")),
            (Some(Said::Ack(_)), _) => return Err(invalid("an ack is of the update that was sent last")),
        }
        Ok(())
    }

    /// Takes all that has arrived; whether the sidecar has closed its side.
    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Result<bool, Status> {
        loop {
            while let Some(message) = self.messages.next()? {
                self.take(&message)?;
            }
            match http_body::Body::poll_frame(Pin::new(&mut self.incoming), cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.messages.push(&data);
                    }
                }
                Poll::Ready(None | Some(Err(_))) => return Ok(true),
            }
        }
    }

    /// What is to be sent next.
    fn next(&mut self) -> Option<Bytes> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Greeted(held) => {
                self.stage = Stage::Settled(held);
                let told = Told::Welcome(self.connection.welcome());
                Some(frame::plain(&v1::SyncResponse { message: Some(told) }.encode_to_vec()))
            }
            Stage::Settled(held) => {
                let view = self.connection.seat().subscription.view();
                if held.is(&view) {
                    self.stage = Stage::Settled(held);
                    return None;
                }
                let frame = view.update(&held, self.gzip);
                self.metrics.sent(frame.len());
                let now = Instant::now();
                self.end.as_mut().reset(self.life.min(self.expires).min(now + ACK));
                self.stage = Stage::Sent(view, now);
                Some(frame)
            }
            stage => {
                self.stage = stage;
                None
            }
        }
    }

    /// Why the clock ends it.
    fn out_of_time(&self) -> Status {
        let now = Instant::now();
        match () {
            () if matches!(self.stage, Stage::Silent) => {
                Status::new(Code::InvalidArgument, "no hello came within 10 seconds")
            }
            () if matches!(self.stage, Stage::Sent(_, since) if now >= since + ACK) => {
                Status::new(Code::InvalidArgument, "no ack came within a minute")
            }
            () if now >= self.expires => {
                Status::new(Code::Unauthenticated, "token_expired: the token has expired; connect with a new one")
            }
            () => Status::new(Code::Unavailable, "stream_too_old: connect again, here or to another replica"),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if matches!(this.stage, Stage::Over) {
            return Poll::Ready(None);
        }
        if !matches!(this.stage, Stage::Ending(_)) {
            this.connection.waker.register(cx.waker());
            if let Some(status) = this.connection.ended() {
                this.stage = Stage::Ending(status);
            } else if this.end.as_mut().poll(cx).is_ready() {
                this.stage = Stage::Ending(this.out_of_time());
            } else {
                match this.poll_incoming(cx) {
                    Ok(false) => {}
                    Ok(true) => {
                        this.stage = Stage::Over;
                        return Poll::Ready(None);
                    }
                    Err(status) => this.stage = Stage::Ending(status),
                }
            }
        }
        if let Stage::Ending(status) = &this.stage {
            let mut trailers = HeaderMap::new();
            status.write(&mut trailers);
            this.stage = Stage::Over;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let frame = ready!(this.next().map_or(Poll::Pending, Poll::Ready));
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }
}
