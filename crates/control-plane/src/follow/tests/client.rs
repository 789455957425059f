//! A sidecar, as far as its stream goes.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use outrigger_api::v1::{self, sync_request::Message as Said, sync_response::Message as Told};
use prost::Message as _;
use tokio::{net::TcpStream, sync::mpsc};

use super::SOON;
use crate::push::frame::{self, Messages};

/// What the sidecar says, when it does.
struct Sending(mpsc::UnboundedReceiver<Bytes>);

impl Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// A stream, or how it was refused.
pub(super) struct Sidecar {
    say: mpsc::UnboundedSender<Bytes>,
    head: HeaderMap,
    incoming: Incoming,
    messages: Messages,
}

/// How a stream ended: status, message, and how long to stay away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End(pub(super) String, pub(super) String, pub(super) Option<String>);

impl End {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let word = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let message = word("grpc-message").unwrap_or_default();
        let code = message.split(':').next().unwrap().to_owned();
        Some(Self(word("grpc-status")?, code, word("grpc-retry-pushback-ms")))
    }
}

impl Sidecar {
    /// Connects and says hello.
    pub(super) async fn connect(address: SocketAddr, token: &str) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let (mut requests, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        let (say, said) = mpsc::unbounded_channel();
        let request = Request::post(format!("http://{address}/outrigger.policy.v1.PolicyService/Sync"))
            .header("authorization", format!("Bearer {token}"))
            .body(Sending(said))
            .unwrap();
        let (head, incoming) = requests.send_request(request).await.unwrap().into_parts();
        let sidecar = Self { say, head: head.headers, incoming, messages: Messages::default() };
        sidecar.say(Said::Hello(v1::Hello::default()));
        sidecar
    }

    fn say(&self, message: Said) {
        let message = v1::SyncRequest { message: Some(message) }.encode_to_vec();
        let _ = self.say.send(frame::plain(&message));
    }

    /// What it is told next, or how the stream ends.
    async fn next(&mut self) -> Result<Told, End> {
        if let Some(end) = End::of(&self.head) {
            return Err(end);
        }
        loop {
            if let Some(message) = self.messages.next().unwrap() {
                return Ok(v1::SyncResponse::decode(message).unwrap().message.unwrap());
            }
            let frame = tokio::time::timeout(SOON, self.incoming.frame()).await.expect("nothing came");
            match frame.unwrap().unwrap().into_data() {
                Ok(data) => self.messages.push(&data),
                Err(frame) => return Err(End::of(&frame.into_trailers().unwrap()).unwrap()),
            }
        }
    }

    /// Who it is, as it is told: `NAMESPACE ACCOUNT OWNER TEAM`.
    pub(super) async fn welcome(&mut self) -> String {
        let Ok(Told::Welcome(welcome)) = self.next().await else { panic!("no welcome") };
        let v1::Workload { namespace, owner, service_account, team } = welcome.workload.unwrap();
        format!("{namespace} {service_account} {owner} {team}")
    }

    /// An update, acknowledged: `+` what is sent, `-` what is removed. Of the header, which says what is not this pod's,
    /// nothing.
    pub(super) async fn update(&mut self) -> Vec<String> {
        let update = match self.next().await {
            Ok(Told::Update(update)) => update,
            other => panic!("{other:?}"),
        };
        let v1::Update { revision, resources, removed } = update;
        self.say(Said::Ack(v1::Ack { revision, rejections: Vec::new() }));
        let sent = resources.into_iter().map(|it| it.key).filter(|key| key != "header").map(|key| format!("+{key}"));
        sent.chain(removed.into_iter().map(|key| format!("-{key}"))).collect()
    }

    /// How the stream ends; nothing may come before.
    pub(super) async fn end(&mut self) -> End {
        match self.next().await {
            Err(end) => end,
            Ok(told) => panic!("{told:?}"),
        }
    }

    /// Nothing comes for so long.
    pub(super) async fn is_quiet(&mut self, long: std::time::Duration) {
        if let Ok(told) = tokio::time::timeout(long, self.next()).await {
            panic!("{told:?}");
        }
    }
}
