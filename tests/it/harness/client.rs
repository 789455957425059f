//! A plain HTTP/1.1 client that hides nothing: when each event came and how the body ended.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::PATIENCE;

/// Makes every request on a connection of its own. Dropping a call or a [`Streaming`] closes that connection.
#[derive(Clone, Debug)]
pub struct Client {
    addr: SocketAddr,
    headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: Bytes,
    /// From the request sent to the head received.
    pub head_after: Duration,
    /// From the request sent to the end of the body.
    pub took: Duration,
    pub end: End,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it came: the final chunk, or every byte that was promised.
    Clean,
    /// The connection was closed or reset before that.
    Abnormal,
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The `event:` field, if any.
    pub name: Option<String>,
    /// The `data:` lines, joined.
    pub data: String,
    /// The comment lines, joined; a comment of its own is an event with empty `data`.
    pub comment: String,
    /// When its last byte came, counted from the request sent.
    pub after: Duration,
}

/// An answer under way.
#[derive(Debug)]
pub struct Streaming {
    pub status: u16,
    pub headers: Headers,
    pub head_after: Duration,
    body: Body,
    /// Of the current, incomplete event.
    pending: Vec<u8>,
    raw: Vec<u8>,
}

/// A streamed answer, when it is over.
#[derive(Clone, Debug)]
pub struct Streamed {
    pub status: u16,
    pub headers: Headers,
    pub events: Vec<Event>,
    /// The whole body as it came.
    pub raw: Bytes,
    pub head_after: Duration,
    pub took: Duration,
    pub end: End,
}

/// Response headers in the order they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl Client {
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, headers: Vec::new() }
    }

    /// The same client with one more header on every request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "").await
    }

    /// Posts a body; it is called JSON unless a header of the client says otherwise.
    pub async fn post(&self, path: &str, body: impl ToString) -> Answer {
        self.request("POST", path, body).await
    }

    pub async fn request(&self, method: &str, path: &str, body: impl ToString) -> Answer {
        self.send(method, path, body.to_string().into()).await.answer().await
    }

    /// Posts bytes that need not be text.
    pub async fn post_bytes(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send("POST", path, body.into()).await.answer().await
    }

    /// Posts a body and returns when the head of the answer is there.
    pub async fn open(&self, path: &str, body: impl ToString) -> Streaming {
        self.send("POST", path, body.to_string().into()).await
    }

    /// Posts a body and collects the streamed answer to its end.
    pub async fn stream(&self, path: &str, body: impl ToString) -> Streamed {
        self.open(path, body).await.collect().await
    }

    /// A bare connection, for what a client should not do.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap_or_else(|error| panic!("connect to {}: {error}", self.addr))
    }

    async fn send(&self, method: &str, path: &str, body: Bytes) -> Streaming {
        self.try_send(method, path, body).await.unwrap_or_else(|error| panic!("{method} {path}: no answer: {error}"))
    }

    /// Like [`Client::post`], but a connection that fails before a head is an error, not the end of the test.
    pub async fn try_post(&self, path: &str, body: impl ToString) -> io::Result<Answer> {
        Ok(self.try_send("POST", path, body.to_string().into()).await?.answer().await)
    }

    async fn try_send(&self, method: &str, path: &str, body: Bytes) -> io::Result<Streaming> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n", self.addr, body.len());
        if !body.is_empty() && !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            head.push_str("content-type: application/json\r\n");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut message = head.into_bytes();
        message.extend_from_slice(&body);

        let mut socket = TcpStream::connect(self.addr).await?;
        socket.set_nodelay(true)?;
        let sent = Instant::now();
        // A server may answer and close before it has read everything: that answer counts.
        let written = socket.write_all(&message).await;
        let mut connection = Connection { socket, buffer: Vec::new(), sent };
        let head = match tokio::time::timeout(PATIENCE, connection.head()).await {
            Ok(head) => head.map_err(|error| written.err().unwrap_or(error))?,
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        };
        let framing = match &head {
            _ if method == "HEAD" || matches!(head.0, 204 | 304) => Framing::Left(0),
            (_, headers) if headers.get("transfer-encoding").is_some_and(|value| value.contains("chunked")) => {
                Framing::Chunks
            }
            (_, headers) => match headers.get("content-length").and_then(|value| value.parse().ok()) {
                Some(length) => Framing::Left(length),
                None => Framing::UntilClose,
            },
        };
        let (status, headers) = head;
        let body = Body { connection, framing, end: None };
        Ok(Streaming { status, headers, head_after: sent.elapsed(), body, pending: Vec::new(), raw: Vec::new() })
    }
}

impl Headers {
    /// The first value of a header, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; fails the test when it is none.
    pub fn json(&self) -> Value {
        let fail = |error| panic!("{error} in {} {:?}", self.status, self.text());
        serde_json::from_slice(&self.body).unwrap_or_else(fail)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// What the model said: an OpenAI chat answer's or an Anthropic message's text, empty if there is none.
    pub fn said(&self) -> String {
        let body = self.json();
        let said = body["choices"][0]["message"]["content"].as_str().or(body["content"][0]["text"].as_str());
        said.unwrap_or("").to_owned()
    }
}

impl Event {
    /// The data as JSON; fails the test when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {:?}", self.data))
    }
}

impl Streamed {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// What the model said: every chat delta or text delta, joined.
    pub fn said(&self) -> String {
        let spoken = self.events.iter().filter_map(|event| serde_json::from_str::<Value>(&event.data).ok());
        let deltas = spoken.map(|event| {
            let delta = event["choices"][0]["delta"]["content"].as_str().or(event["delta"]["text"].as_str());
            delta.unwrap_or("").to_owned()
        });
        deltas.collect()
    }

    /// The `data` of every event that has one.
    pub fn data(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.data.as_str()).filter(|data| !data.is_empty()).collect()
    }

    /// Whether `[DONE]` came.
    pub fn is_done(&self) -> bool {
        self.events.iter().any(|event| event.data == "[DONE]")
    }
}

impl Streaming {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The next event, or `None` when the body is over; see [`Streaming::end`].
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.take_event() {
                return Some(event);
            }
            let bytes = self.body.next().await?;
            self.raw.extend_from_slice(&bytes);
            self.pending.extend_from_slice(&bytes);
        }
    }

    /// How the body ended; `None` while it has not.
    pub fn end(&self) -> Option<End> {
        self.body.end
    }

    /// Reads to the end.
    pub async fn collect(mut self) -> Streamed {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        Streamed {
            status: self.status,
            headers: self.headers,
            events,
            raw: self.raw.into(),
            head_after: self.head_after,
            took: self.body.connection.sent.elapsed(),
            end: self.body.end.unwrap_or(End::Abnormal),
        }
    }

    async fn answer(mut self) -> Answer {
        let mut body = Vec::new();
        while let Some(bytes) = self.body.next().await {
            body.extend_from_slice(&bytes);
        }
        Answer {
            status: self.status,
            headers: self.headers,
            body: body.into(),
            head_after: self.head_after,
            took: self.body.connection.sent.elapsed(),
            end: self.body.end.unwrap_or(End::Abnormal),
        }
    }

    fn take_event(&mut self) -> Option<Event> {
        let text_end = [&b"\n\n"[..], b"\r\n\r\n"]
            .iter()
            .filter_map(|blank| find(&self.pending, blank).map(|at| at + blank.len()))
            .min()?;
        let block: Vec<u8> = self.pending.drain(..text_end).collect();
        let block = String::from_utf8_lossy(&block);
        let field = |name: &str| {
            let values = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            values.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>()
        };
        Some(Event {
            name: field("event").first().map(|name| (*name).to_owned()),
            data: field("data").join("\n"),
            comment: field("").join("\n"),
            after: self.body.connection.sent.elapsed(),
        })
    }
}

#[derive(Debug)]
struct Connection {
    socket: TcpStream,
    /// Read and not yet understood.
    buffer: Vec<u8>,
    sent: Instant,
}

impl Connection {
    /// The status and headers of the first answer that is not merely informational.
    async fn head(&mut self) -> io::Result<(u16, Headers)> {
        loop {
            let end = loop {
                match find(&self.buffer, b"\r\n\r\n") {
                    Some(at) => break at + 4,
                    None => self.more().await?,
                }
            };
            let head: Vec<u8> = self.buffer.drain(..end).collect();
            let head = String::from_utf8_lossy(&head);
            let mut lines = head.lines();
            let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
            let status: u16 = status.ok_or_else(|| io::Error::other(format!("not HTTP: {head:?}")))?;
            if status >= 200 {
                let headers = lines.filter_map(|line| line.split_once(':'));
                let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
                return Ok((status, Headers(headers.collect())));
            }
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        match tokio::time::timeout(PATIENCE, self.socket.read_buf(&mut self.buffer)).await {
            Err(_) => panic!("nothing came for {PATIENCE:?}"),
            Ok(Ok(0)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read.map(drop),
        }
    }
}

#[derive(Debug)]
struct Body {
    connection: Connection,
    framing: Framing,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug)]
enum Framing {
    Chunks,
    /// So many bytes are still to come.
    Left(usize),
    /// There is no telling whether it was all, so a polite close counts as clean.
    UntilClose,
}

impl Body {
    /// The next bytes, or `None` when it is over.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.end.is_some() {
                return None;
            }
            match self.step() {
                Step::Bytes(bytes) => return Some(bytes),
                Step::Over => self.end = Some(End::Clean),
                Step::Broken => self.end = Some(End::Abnormal),
                Step::More => {
                    if let Err(error) = self.connection.more().await {
                        let polite = error.kind() == io::ErrorKind::UnexpectedEof;
                        let clean = polite && matches!(self.framing, Framing::UntilClose);
                        self.end = Some(if clean { End::Clean } else { End::Abnormal });
                    }
                }
            }
        }
    }

    fn step(&mut self) -> Step {
        let buffer = &mut self.connection.buffer;
        match &mut self.framing {
            Framing::Left(0) => Step::Over,
            _ if buffer.is_empty() => Step::More,
            Framing::UntilClose => Step::Bytes(std::mem::take(buffer)),
            Framing::Left(left) => {
                let bytes: Vec<u8> = buffer.drain(..(*left).min(buffer.len())).collect();
                *left -= bytes.len();
                Step::Bytes(bytes)
            }
            Framing::Chunks => {
                let Some(line) = find(buffer, b"\r\n") else { return Step::More };
                let size = std::str::from_utf8(&buffer[..line]).ok().and_then(|line| line.split(';').next());
                let Some(size) = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()) else {
                    return Step::Broken;
                };
                let end = line + 2 + size + 2;
                if buffer.len() < end {
                    return Step::More;
                }
                let chunk: Vec<u8> = buffer.drain(..end).skip(line + 2).take(size).collect();
                if size == 0 { Step::Over } else { Step::Bytes(chunk) }
            }
        }
    }
}

enum Step {
    Bytes(Vec<u8>),
    More,
    Over,
    Broken,
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
