//! What a sidecar says to a ledger, by hand: protobuf's bytes, and one call of gRPC on HTTP/2.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::Request;
use tokio::{net::TcpStream, time::timeout};

use crate::harness::PATIENCE;

const APPEND: &str = "/outrigger.ledger.v1.LedgerService/Append";

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub fn number(mut self, field: u64, number: u64) -> Self {
        self.varint(field << 3);
        self.varint(number);
        self
    }

    pub fn bytes(mut self, field: u64, bytes: impl AsRef<[u8]>) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.as_ref().len() as u64);
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    pub fn message(self, field: u64, message: Self) -> Self {
        self.bytes(field, message.0)
    }
}

/// A batch of the process `epoch`, which has given numbers up to `issued`.
pub fn batch(epoch: u8, issued: u64, now_ms: u64, entries: Vec<Message>) -> Message {
    let reporter = Message::default().bytes(1, "web-1").bytes(2, "node-1").bytes(3, "0.1.0");
    let head = Message::default().bytes(1, [epoch; 16]).number(2, now_ms - 60_000).number(3, now_ms).number(4, issued);
    entries.into_iter().fold(head.message(7, reporter), |batch, entry| batch.message(8, entry))
}

/// A request of `team` to the model `m` that ended well and cost so many nano-dollars, for seven tokens in and three out.
pub fn record(sequence: u64, id: &str, team: &str, now_ms: u64, nano: u64) -> Message {
    // The namespace is the sidecar's word, which nobody takes.
    let payer = Message::default().bytes(1, "somebody-elses").bytes(2, "Deployment/web").bytes(3, team);
    let target = Message::default().bytes(1, "prod/openai").bytes(2, "openai").bytes(3, "m");
    let cost = Message::default().number(1, nano).number(2, 2).bytes(3, "openai/m@1");
    let attempt = Message::default()
        .message(1, target)
        .number(4, 900)
        .number(5, 200)
        .bytes(6, "ok")
        .message(8, Message::default().number(1, 7).number(7, 3))
        .message(9, cost);
    let record = Message::default()
        .bytes(1, id)
        .number(2, now_ms - 1_000)
        .message(3, payer)
        .bytes(4, "prod/r")
        .bytes(5, "chat_completions")
        .message(8, attempt)
        .number(9, 0)
        .number(10, 1)
        .bytes(11, "ok")
        .number(12, 200)
        .number(15, 1_000)
        .bytes(18, "h:00112233445566778899aabbccddeeff");
    Message::default().number(1, sequence).message(3, record)
}

/// An attempt that is about to be sent.
pub fn begun(sequence: u64, id: &str, now_ms: u64) -> Message {
    let target = Message::default().bytes(1, "prod/openai").bytes(2, "openai").bytes(3, "m");
    let begun = Message::default().bytes(1, id).number(3, now_ms - 1_000).message(6, target);
    Message::default().number(1, sequence).message(2, begun)
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub status: u32,
    pub message: String,
    /// Up to where the ledger has the epoch, where the call was answered.
    pub through: u64,
}

/// Says it; `None`: the connection broke.
pub async fn append(to: SocketAddr, token: Option<&str>, batch: &Message) -> Option<Told> {
    timeout(PATIENCE, call(to, token, batch)).await.expect("an answer in time")
}

async fn call(to: SocketAddr, token: Option<&str>, batch: &Message) -> Option<Told> {
    let socket = TcpStream::connect(to).await.ok()?;
    let (send, connection) = h2::client::handshake(socket).await.ok()?;
    let connected = tokio::spawn(async move {
        let _ = timeout(Duration::from_secs(60), connection).await;
    });
    let mut request = Request::post(format!("http://{to}{APPEND}")).header("content-type", "application/grpc");
    request = request.header("te", "trailers");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let (answer, mut body) = send.ready().await.ok()?.send_request(request.body(()).unwrap(), false).ok()?;
    let length = u32::try_from(batch.0.len()).unwrap();
    let frame = [&[0][..], &length.to_be_bytes(), &batch.0].concat();
    // A call may be refused before its message has come.
    let _ = body.send_data(Bytes::from(frame), true);
    let answer = answer.await.ok()?;
    let (head, mut body) = answer.into_parts();
    let mut data = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.ok()?;
        let _ = body.flow_control().release_capacity(part.len());
        data.extend_from_slice(&part);
    }
    let trailers = body.trailers().await.ok()?;
    let headers = trailers.unwrap_or(head.headers);
    connected.abort();
    let word = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
    Some(Told { status: word("grpc-status").parse().ok()?, message: word("grpc-message"), through: through(&data) })
}

/// The number of an answer: field 1, behind the five bytes of a frame; not there where it is 0.
fn through(data: &[u8]) -> u64 {
    let Some((8, number)) = data.get(5..).and_then(<[u8]>::split_first) else { return 0 };
    let end = number.iter().position(|byte| byte & 0x80 == 0).unwrap_or_default();
    number[..=end].iter().enumerate().fold(0, |sum, (at, byte)| sum | u64::from(byte & 0x7f) << (7 * at))
}
