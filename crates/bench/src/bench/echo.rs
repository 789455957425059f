//! The upstream of every lane: bare sockets and canned bytes, so that it is far faster than any proxy.
//!
//! The path says whose shapes and what misfortune (`/fail/...` answers 503, `/hang/...` never answers, `/moody/...` does
//! what the request's `x-bench-fault` says), headers say how much: `x-bench-size` bytes, or `x-bench-events` events, `x-bench-pace-ms` apart, after `x-bench-delay-ms`. Bodies are
//! counted, never read.

mod asked;
pub(crate) mod fault;
mod happen;
mod stream;

use std::{cell::RefCell, collections::HashMap, net::SocketAddr, rc::Rc};

use anyhow::{Context as _, Result, bail};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use self::{asked::asked, stream::stream};
use super::{
    answers::{Shape, reply},
    listener,
};

/// Larger heads are refused.
const MAX_HEAD: usize = 32 << 10;

/// Whole answers that were asked for before.
type Ready = Rc<RefCell<HashMap<(Shape, usize), Rc<Vec<u8>>>>>;

/// Serves until the process is killed, on one thread. `port` 0 takes a free one.
pub(super) fn run(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener: TcpListener = listener::listen(SocketAddr::from(([127, 0, 0, 1], port)))?;
        listener::announce(listener.local_addr()?)?;
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
