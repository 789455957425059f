//! The sockets of an upstream: read a request, play its reply, and notice at any time that the peer has gone.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinSet,
};

use super::{
    Request, Shared,
    reply::{Body, Ending, Ev, Reply},
};

/// Before a reset, so that what was written is in the peer's hands: a reset throws away what is still on the way.
const LANDING: Duration = Duration::from_millis(20);

pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Owned by this task: aborting it closes every connection.
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        if shared.refuses_next() {
            let _ = socket.set_zero_linger();
            continue;
        }
        let _ = socket.set_nodelay(true);
        let open = Open::new(Arc::clone(&shared));
        connections.spawn(async move {
            let mut connection = Connection::new(socket, number);
            while connection.exchange(&open.0).await.is_ok_and(|next| next == Next::Request) {}
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Counts a connection as open for as long as it lives.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: Arc<Shared>) -> Self {
        shared.open.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    Request,
    Close,
}

struct Connection {
    number: usize,
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    /// Read and not yet understood.
    buffer: Vec<u8>,
    /// When to close although the peer believes that we wait for its next request.
    leave_after: Option<Duration>,
}

impl Connection {
    fn new(socket: TcpStream, number: usize) -> Self {
        let (read, write) = socket.into_split();
        Self { number, read, write, buffer: Vec::new(), leave_after: None }
    }

    async fn exchange(&mut self, shared: &Shared) -> io::Result<Next> {
        let request = match self.leave_after.take() {
            None => self.request().await?,
            Some(patience) => match tokio::time::timeout(patience, self.request()).await {
                Ok(request) => request?,
                Err(_) => return Ok(Next::Close),
            },
        };
        let (number, reply) = shared.reply_to(&request);
        let end = reply.end;
        let refused = reply.is_refusal();
        let Self { read, write, buffer, .. } = self;
        let outcome = tokio::select! {
            // In this order: a peer that leaves the moment it has everything has not hung up on us.
            biased;
            played = play(write, reply, &request) => played,
            () = peer_gone(read, buffer) => {
                shared.requests()[number].closed_at = Some(Instant::now());
                return Ok(Next::Close);
            }
        };
        match outcome {
            Ok(Played::Whole) => match end {
                Ending::Silent(patience) => self.leave_after = Some(patience),
                Ending::Close => return Ok(Next::Close),
                Ending::Keep | Ending::Cut { .. } => {}
            },
            Ok(Played::Cut) => {
                if refused || matches!(end, Ending::Cut { reset: true, .. }) {
                    tokio::time::sleep(LANDING).await;
                    let _ = self.write.as_ref().set_zero_linger();
                }
                return Ok(Next::Close);
            }
            Err(_) => {
                shared.requests()[number].closed_at = Some(Instant::now());
                return Ok(Next::Close);
            }
        }
        Ok(Next::Request)
    }

    async fn request(&mut self) -> io::Result<Request> {
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                break String::from_utf8_lossy(&head).into_owned();
            }
            self.more().await?;
        };
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or("").split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body: Bytes::new(),
            at: Instant::now(),
            connection: self.number,
            closed_at: None,
        };
        if request.header("expect").is_some() {
            self.write.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        request.body = if request.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            self.chunks().await?
        } else {
            let length = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            self.exactly(length).await?
        };
        request.at = Instant::now();
        Ok(request)
    }

    async fn chunks(&mut self) -> io::Result<Bytes> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(end) = find(&self.buffer, b"\r\n") {
                    break self.exactly(end + 2).await?;
                }
                self.more().await?;
            };
            let size = std::str::from_utf8(&line).ok().and_then(|line| line.trim().split(';').next());
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.ok_or_else(|| io::Error::other("a chunk without a size"))?;
            let chunk = self.exactly(size + 2).await?;
            if size == 0 {
                return Ok(body.into());
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Bytes> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest).into())
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.read.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Played {
    Whole,
    Cut,
}

async fn play(write: &mut OwnedWriteHalf, reply: Reply, request: &Request) -> io::Result<Played> {
    let body = reply.body.for_request(request);
    tokio::time::sleep(reply.head_after).await;
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.end == Ending::Close {
        head.push_str("connection: close\r\n");
    }
    let cut = match reply.end {
        Ending::Cut { after, .. } => Some(after),
        _ => None,
    };
    match body {
        Body::Whole(bytes) => {
            if !matches!(reply.status, 204 | 304) {
                head.push_str(&format!("content-length: {}\r\n", bytes.len()));
            }
            head.push_str("\r\n");
            let sent = cut.unwrap_or(bytes.len()).min(bytes.len());
            let mut message = head.into_bytes();
            if request.method != "HEAD" {
                message.extend_from_slice(&bytes[..sent]);
            }
            write.write_all(&message).await?;
        }
        Body::Steps(steps) => {
            head.push_str("transfer-encoding: chunked\r\n\r\n");
            write.write_all(head.as_bytes()).await?;
            let mut sent = 0;
            for step in steps {
                if cut.is_some_and(|cut| sent >= cut) {
                    break;
                }
                match step {
                    Ev::Send(bytes) => {
                        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
                        chunk.extend_from_slice(&bytes);
                        chunk.extend_from_slice(b"\r\n");
                        write.write_all(&chunk).await?;
                        sent += 1;
                    }
                    Ev::Pause(pause) => tokio::time::sleep(pause).await,
                    Ev::Stall => std::future::pending().await,
                    Ev::Wait(gate) => gate.opened().await,
                }
            }
            if cut.is_none() {
                write.write_all(b"0\r\n\r\n").await?;
            }
        }
        Body::Raw(bytes) => {
            write.write_all(&bytes).await?;
            return Ok(Played::Cut);
        }
        Body::Silence => std::future::pending().await,
        Body::Nothing | Body::Refusal => return Ok(Played::Cut),
        Body::Asked(_) => unreachable!("asked above"),
    }
    Ok(if cut.is_some() { Played::Cut } else { Played::Whole })
}

/// Returns when the peer has closed or reset the connection. What it sends meanwhile is kept for the next request.
async fn peer_gone(read: &mut OwnedReadHalf, buffer: &mut Vec<u8>) {
    while read.read_buf(buffer).await.is_ok_and(|read| read > 0) {}
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
