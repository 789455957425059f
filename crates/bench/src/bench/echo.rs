//! The upstream of every lane: bare sockets and canned bytes, so that it is far faster than any proxy.
//!
//! The path says whose shapes and what misfortune (`/fail/...` answers 503, `/hang/...` never answers, `/moody/...` does
//! what the request's `x-bench-fault` says), headers say how much: `x-bench-size` bytes, or `x-bench-events` events, `x-bench-pace-ms` apart, after `x-bench-delay-ms`. Bodies are
//! counted, never read.

pub(crate) mod fault;

use std::{cell::RefCell, collections::HashMap, net::SocketAddr, rc::Rc, time::Duration};

use anyhow::{Context as _, Result, bail};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use self::fault::Fault;
use super::{
    answers::{Shape, reply},
    clock, part,
};

/// How every stream begins.
const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";
/// Larger heads are refused.
const MAX_HEAD: usize = 32 << 10;

/// Whole answers that were asked for before.
type Ready = Rc<RefCell<HashMap<(Shape, usize), Rc<Vec<u8>>>>>;

/// Serves until the process is killed, on one thread. `port` 0 takes a free one.
pub(super) fn run(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener: TcpListener = part::listen(SocketAddr::from(([127, 0, 0, 1], port)))?;
        part::announce(listener.local_addr()?)?;
        let ready = Ready::default();
        loop {
            let (socket, _) = listener.accept().await.context("the echo upstream cannot accept")?;
            socket.set_nodelay(true)?;
            let ready = ready.clone();
            // A caller that breaks off is no news: whoever waits for the answer says so.
            tokio::task::spawn_local(async move { serve(socket, ready).await.ok() });
        }
    })
}

/// What a request asks for.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    length: usize,
    size: usize,
    events: usize,
    pace: Duration,
    delay: Duration,
    fault: Option<Fault>,
    /// Who is told when a request has come that hangs: a connection is opened there.
    knock: Option<SocketAddr>,
}

async fn serve(mut socket: TcpStream, ready: Ready) -> Result<()> {
    let mut buffer = Vec::with_capacity(64 << 10);
    loop {
        let end = loop {
            if let Some(end) = memmem::find(&buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if buffer.len() > MAX_HEAD {
                bail!("the head of a request is too large");
            }
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let Some(asked) = asked(&head) else {
            socket.write_all(&reply(501, "{\"error\":\"content-length is needed\"}")).await?;
            bail!("a request without a length");
        };
        skip(&mut socket, &mut buffer, end + asked.length).await?;
        let path = head.split(' ').nth(1).unwrap_or_default();
        let shape = Shape::of(path);
        if path.starts_with("/fail/") {
            socket.write_all(&reply(503, r#"{"error":{"message":"told to fail","type":"server_error"}}"#)).await?;
            continue;
        }
        if path.starts_with("/hang/") {
            // Until the caller gives up.
            let _ = socket.read_buf(&mut buffer).await;
            return Ok(());
        }
        if let Some(fault) = asked.fault.filter(|_| path.starts_with("/moody/")) {
            if fault.happen(&mut socket, shape, &asked).await? {
                continue;
            }
            return Ok(());
        }
        if !asked.delay.is_zero() {
            tokio::time::sleep(asked.delay).await;
        }
        if asked.events > 0 {
            stream(&mut socket, shape, &asked).await?;
        } else {
            let key = (shape, asked.size);
            let known = ready.borrow().get(&key).cloned();
            let answer = known.unwrap_or_else(|| {
                let made = Rc::new(shape.whole(asked.size));
                ready.borrow_mut().insert(key, made.clone());
                made
            });
            socket.write_all(&answer).await?;
        }
    }
}

/// Leaves in `buffer` what comes after the first `length` bytes.
async fn skip(socket: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Result<()> {
    if buffer.len() >= length {
        buffer.drain(..length);
        return Ok(());
    }
    let mut left = length - buffer.len();
    buffer.clear();
    while left > 0 {
        buffer.reserve(64 << 10);
        let read = socket.read_buf(buffer).await?;
        if read == 0 {
            bail!("the caller left in the middle of its body");
        }
        let ours = read.min(left);
        left -= ours;
        buffer.drain(..ours);
    }
    Ok(())
}

async fn stream(socket: &mut TcpStream, shape: Shape, asked: &Asked) -> Result<()> {
    let mut out = Vec::with_capacity(1 << 10);
    let mut text = String::with_capacity(1 << 10);
    out.extend_from_slice(STREAM_HEAD);
    text.push_str(shape.opening());
    let begun = Instant::now();
    for n in 0..asked.events {
        if n > 0 && !asked.pace.is_zero() {
            tokio::time::sleep_until(begun + asked.pace * n as u32).await;
        }
        shape.event(&mut text, clock::now());
        chunk(&mut out, &mut text);
        if !asked.pace.is_zero() {
            socket.write_all(&out).await?;
            out.clear();
        }
    }
    text.push_str(&shape.closing());
    chunk(&mut out, &mut text);
    out.extend_from_slice(b"0\r\n\r\n");
    socket.write_all(&out).await?;
    Ok(())
}

fn chunk(out: &mut Vec<u8>, text: &mut String) {
    out.extend_from_slice(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes());
    text.clear();
}

/// `None` where the length of the body is not said.
fn asked(head: &str) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut length = None;
    for line in head.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let number = || value.trim().parse::<usize>().ok();
        let millis = || Duration::from_millis(number().unwrap_or_default() as u64);
        if name.eq_ignore_ascii_case("content-length") {
            length = number();
        } else if name.eq_ignore_ascii_case("x-bench-size") {
            asked.size = number().unwrap_or_default();
        } else if name.eq_ignore_ascii_case("x-bench-events") {
            asked.events = number().unwrap_or_default();
        } else if name.eq_ignore_ascii_case("x-bench-pace-ms") {
            asked.pace = millis();
        } else if name.eq_ignore_ascii_case("x-bench-delay-ms") {
            asked.delay = millis();
        } else if name.eq_ignore_ascii_case("x-bench-fault") {
            asked.fault = value.parse().ok();
        } else if name.eq_ignore_ascii_case(fault::KNOCK) {
            asked.knock = value.trim().parse().ok();
        }
    }
    asked.length = length?;
    Some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_what_is_asked_for() {
        let head =
            "POST /v1/messages HTTP/1.1\r\nContent-Length: 12\r\nX-Bench-Events: 64\r\nx-bench-pace-ms: 20\r\n\r\n";
        let wanted = Asked { length: 12, events: 64, pace: Duration::from_millis(20), ..Asked::default() };
        assert_eq!(asked(head), Some(wanted));
        assert_eq!(asked("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"), None);
    }
}
