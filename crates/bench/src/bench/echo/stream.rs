//! A stream of events, as an upstream sends it.

use anyhow::Result;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::Instant};

use super::asked::Asked;
use crate::bench::{answers::Shape, clock};

/// How every stream begins.
pub(super) const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

pub(super) async fn stream(socket: &mut TcpStream, shape: Shape, asked: &Asked) -> Result<()> {
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

pub(super) fn chunk(out: &mut Vec<u8>, text: &mut String) {
    out.extend_from_slice(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes());
    text.clear();
}
