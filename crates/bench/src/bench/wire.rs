//! As much of an HTTP/1.1 client as the callers need: one request after the other on one connection.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::clock;

/// A connection that is kept alive.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
    /// Of the last answer; empty until it has come.
    pub(crate) head: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(addr).await.context("cannot connect")?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, buffer: Vec::with_capacity(64 << 10), head: Vec::new() })
    }

    /// Sends a request and reads its whole answer. `arrived` is shown the body so far, and when its newest part came.
    ///
    /// # Errors
    ///
    /// When the connection ends before the answer does, or the answer is none.
    pub(crate) async fn exchange(
        &mut self,
        request: &[u8],
        body: &mut Vec<u8>,
        mut arrived: impl FnMut(&[u8], Duration),
    ) -> Result<u16> {
        self.buffer.clear();
        self.head.clear();
        body.clear();
        self.socket.write_all(request).await.context("cannot send")?;
        let (end, mut now) = loop {
            let now = self.read().await?;
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break (end + 4, now);
            }
        };
        let (status, mut framing) = head(&self.buffer[..end])?;
        self.head.extend(self.buffer.drain(..end));
        loop {
            let ended = framing.take(&self.buffer, body)?;
            self.buffer.clear();
            arrived(body, now);
            if ended {
                return Ok(status);
            }
            now = self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<Duration> {
        if self.socket.read_buf(&mut self.buffer).await.context("cannot read")? == 0 {
            bail!("the connection ended before the answer did");
        }
        Ok(clock::now())
    }
}

/// How the end of a body is known.
#[derive(Debug)]
enum Framing {
    Length(usize),
    Chunked(Chunks),
}

/// Where in a chunked body we are.
#[derive(Debug, Default)]
struct Chunks {
    line: Vec<u8>,
    place: Place,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    Size,
    Data(usize),
    AfterData,
    Trailer,
}

fn head(bytes: &[u8]) -> Result<(u16, Framing)> {
    let text = std::str::from_utf8(bytes).context("the head is not text")?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status line")?;
    for line in text.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, Framing::Length(value.trim().parse().context("a length that is no number")?)));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok((status, Framing::Chunked(Chunks::default())));
        }
    }
    bail!("an answer ({status}) that does not say where it ends")
}

impl Framing {
    /// Appends to `body` what `bytes` hold of it. True at its end.
    fn take(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<bool> {
        match self {
            Self::Length(left) => {
                if bytes.len() > *left {
                    bail!("more bytes than the answer's length");
                }
                *left -= bytes.len();
                body.extend_from_slice(bytes);
                Ok(*left == 0)
            }
            Self::Chunked(chunks) => chunks.take(bytes, body),
        }
    }
}

impl Chunks {
    fn take(&mut self, mut bytes: &[u8], body: &mut Vec<u8>) -> Result<bool> {
        while !bytes.is_empty() {
            if let Place::Data(left) = &mut self.place {
                let (data, rest) = bytes.split_at(bytes.len().min(*left));
                body.extend_from_slice(data);
                *left -= data.len();
                bytes = rest;
                if *left == 0 {
                    self.place = Place::AfterData;
                }
                continue;
            }
            let newline = memchr::memchr(b'\n', bytes);
            let (part, rest) = bytes.split_at(newline.map_or(bytes.len(), |at| at + 1));
            self.line.extend_from_slice(part);
            bytes = rest;
            if newline.is_none() {
                break;
            }
            let line = std::mem::take(&mut self.line);
            let line = std::str::from_utf8(&line).context("a chunk's size is not text")?.trim();
            self.place = match self.place {
                Place::AfterData if line.is_empty() => Place::Size,
                Place::AfterData => bail!("no line end after a chunk"),
                Place::Trailer if line.is_empty() => {
                    if !bytes.is_empty() {
                        bail!("more bytes than the answer");
                    }
                    return Ok(true);
                }
                Place::Trailer => Place::Trailer,
                Place::Size | Place::Data(_) => {
                    let size = line.split(';').next().unwrap_or_default();
                    match usize::from_str_radix(size, 16).with_context(|| format!("chunk size {size:?}"))? {
                        0 => Place::Trailer,
                        size => Place::Data(size),
                    }
                }
            };
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_is_the_same_however_it_is_cut() {
        let sent = b"5\r\nhello\r\n11;x=y\r\n, is what I said.\r\n0\r\nt: v\r\n\r\n";
        for cut in 1..sent.len() {
            let (mut chunks, mut body) = (Chunks::default(), Vec::new());
            assert!(!chunks.take(&sent[..cut], &mut body).unwrap());
            assert!(chunks.take(&sent[cut..], &mut body).unwrap());
            assert_eq!(body, b"hello, is what I said.");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert!(head(b"HTTP/1.1 200 OK\r\ncontent-type: x\r\n\r\n").is_err());
        let mut body = Vec::new();
        assert!(Framing::Length(2).take(b"abc", &mut body).is_err());
        assert!(Chunks::default().take(b"xyz\r\n", &mut body).is_err());
        assert!(Chunks::default().take(b"1\r\naXX\r\n", &mut body).is_err());
    }
}
