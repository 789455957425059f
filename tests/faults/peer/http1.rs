//! HTTP/1.1 by hand: a polite library cannot be rude when told to.

use std::time::Duration;

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::{Act, Asked, KEY, Play, When, Work};

/// Before a reset, so that what was written is in the peer's hands: a reset throws away what is still on the way.
const LANDING: Duration = Duration::from_millis(20);

/// A socket that can be reset.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// A head, which says the key.
pub fn head(status: u16, content_type: &str, headers: &[(&str, &str)]) -> Bytes {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\nx-echo: {KEY}\r\n");
    if !content_type.is_empty() {
        head += &format!("content-type: {content_type}\r\n");
    }
    headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    (head + "\r\n").into()
}

/// A whole answer with its length.
pub fn sized(status: u16, content_type: &str, headers: &[(&str, &str)], body: &[u8]) -> Bytes {
    let length = body.len().to_string();
    let headers: Vec<_> = [("content-length", length.as_str())].iter().chain(headers).copied().collect();
    [&head(status, content_type, &headers)[..], body].concat().into()
}

pub fn chunk(bytes: &[u8]) -> Bytes {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat().into()
}

pub fn last_chunk() -> Bytes {
    Bytes::from_static(b"0\r\n\r\n")
}

/// Answers one request after the other by the script, until the script or the peer closes.
pub(super) async fn serve(mut socket: impl Socket, when: When, play: Play, asked: Asked, work: Work) {
    if when == When::Connected {
        perform(&mut socket, play(&asked)).await;
        return;
    }
    let mut buffer = Vec::new();
    let mut busy = work.rest();
    while read_request(&mut socket, &mut buffer, when).await.is_some() {
        let work = Work::begin(&busy);
        if !perform(&mut socket, play(&asked)).await {
            return;
        }
        busy = work.rest();
    }
}

/// Plays the acts; false: the connection is over.
async fn perform(socket: &mut impl Socket, acts: Vec<Act>) -> bool {
    for act in acts {
        let sent = match act {
            Act::Send(bytes) => send(socket, &bytes).await,
            Act::Trickle(bytes, pause) => trickle(socket, &bytes, pause).await,
            Act::Pause(pause) => {
                tokio::time::sleep(pause).await;
                Some(())
            }
            last => {
                end(socket, last).await;
                None
            }
        };
        if sent.is_none() {
            return false;
        }
    }
    true
}

/// Plays an act behind which there is no other.
async fn end(socket: &mut impl Socket, act: Act) {
    match act {
        Act::Flood(bytes) => while send(socket, &bytes).await.is_some() {},
        Act::HalfClose => {
            let _ = socket.shutdown().await;
            gone(socket).await;
        }
        Act::Close => drop(socket.shutdown().await),
        Act::Reset => {
            tokio::time::sleep(LANDING).await;
            let _ = socket.tcp().set_zero_linger();
        }
        _ => gone(socket).await,
    }
}

async fn send(socket: &mut impl Socket, bytes: &[u8]) -> Option<()> {
    socket.write_all(bytes).await.ok()?;
    socket.flush().await.ok()
}

async fn trickle(socket: &mut impl Socket, bytes: &[u8], pause: Duration) -> Option<()> {
    for byte in bytes {
        tokio::time::sleep(pause).await;
        send(socket, &[*byte]).await?;
    }
    Some(())
}

/// Returns when the peer has closed the connection, whatever it sends before.
async fn gone(socket: &mut impl Socket) {
    let mut unread = [0; 4096];
    while socket.read(&mut unread).await.is_ok_and(|read| read > 0) {}
}

/// Reads the next request as far as `when` says; `None`: the peer is gone.
async fn read_request(socket: &mut impl Socket, buffer: &mut Vec<u8>, when: When) -> Option<()> {
    let end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        more(socket, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
    buffer.drain(..end);
    if when == When::Head {
        return Some(());
    }
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if value("transfer-encoding:").is_some_and(|coding| coding.contains("chunked")) {
        // Requests of ours end so, and none of them holds it elsewhere.
        let end = loop {
            if let Some(at) = find(buffer, b"0\r\n\r\n") {
                break at + 5;
            }
            more(socket, buffer).await?;
        };
        buffer.drain(..end);
        return Some(());
    }
    let length = value("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        more(socket, buffer).await?;
    }
    buffer.drain(..length);
    Some(())
}

async fn more(socket: &mut impl Socket, buffer: &mut Vec<u8>) -> Option<()> {
    socket.read_buf(buffer).await.ok().filter(|read| *read > 0).map(drop)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
